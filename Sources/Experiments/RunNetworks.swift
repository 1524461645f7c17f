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

  init(_ kind: Run.Kind, _ file: RecipeFile, _ images: RunImages) throws {
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
    let training = images.training
    let classes = teachers.first?.model.classes ?? training.classNames.count
    guard classes > 0, teachers.allSatisfy({ $0.model.classes == classes }) else {
      throw ExperimentError(
        teachers.isEmpty
          ? "\(recipe.data.train) has no labels; training needs them"
          : "the teachers have different numbers of classes")
    }
    let labels = training.classNamesAreNumbers ? [] : training.classNames
    let learnt = teachers.isEmpty ? labels : teachers[0].classNames
    for (name, dataset) in [
      ("data.validation", images.validation), ("data.test", images.test),
    ] {
      guard let dataset else { continue }
      try ClassNames.check(
        dataset, called: name, classes: classes, names: learnt, network: "the student")
    }
    let network = try loader.student(recipe.student, classes: classes, seed: recipe.seed)
    let names = [learnt, labels]
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
