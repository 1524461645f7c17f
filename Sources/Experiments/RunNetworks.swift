import FunMatchDatasets
import FunMatchModels

/// The networks of a run, read and checked against each other and against the labels.
struct RunNetworks {
  let student: ModelFile
  let teachers: [ModelFile]
  let classes: Int
  /// SHA-256 of the teachers' files of weights.
  let teacherChecksums: [String]
  /// What is learnt from, and the SHA-256 of every file of weights.
  let origin: [String]

  /// - Parameters:
  ///   - training: names of the training images' classes; empty where they have no labels.
  ///   - evaluated: the same of other images, by what the recipe calls them.
  init(
    _ kind: Run.Kind, _ file: RecipeFile, training: [String], evaluated: [String: [String]]
  ) throws {
    let recipe = file.recipe
    let loader = NetworkLoader(recipePath: file.path)
    switch kind {
    case .distillation:
      guard !recipe.teachers.isEmpty else {
        throw ExperimentError(
          "\(file.path): distillation needs at least one entry under 'teachers'; "
            + "`funmatch train` learns from labels")
      }
      teachers = try recipe.teachers.enumerated().map { index, network in
        try loader.load(network, weights: network.weights ?? "", key: "teachers.\(index)")
      }
    case .supervision: teachers = []
    }
    let classes = teachers.first?.model.classes ?? training.count
    guard classes > 0, teachers.allSatisfy({ $0.model.classes == classes }) else {
      throw ExperimentError(
        teachers.isEmpty
          ? "\(recipe.data.train) has no labels; training needs them"
          : "the teachers have different numbers of classes")
    }
    for (name, classNames) in evaluated.sorted(by: { $0.key < $1.key })
    where !classNames.isEmpty && classNames.count != classes {
      throw ExperimentError("\(name) has \(classNames.count) classes, the student \(classes)")
    }
    let network = try loader.student(recipe.student, classes: classes, seed: recipe.seed)
    let names = [training, teachers.first?.classNames ?? []]
    student = ModelFile(
      model: network.model, spec: network.spec,
      classNames: names.first { $0.count == classes } ?? [],
      preprocessing: recipe.studentPreprocessing)
    self.classes = classes
    func checksum(_ weights: String?) throws -> String? {
      try weights.map { try SHA256.hexadecimal(file: loader.find($0)) }
    }
    teacherChecksums =
      try teachers.isEmpty ? [] : recipe.teachers.compactMap { try checksum($0.weights) }
    origin =
      [kind.rawValue] + teacherChecksums
      + [try checksum(recipe.student.weights)].compactMap { $0 }
  }
}
