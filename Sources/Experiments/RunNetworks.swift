import Foundation
import FunMatchDatasets
import FunMatchModels

/// The networks of a run, read and checked against each other and against the labels.
struct RunNetworks {
  let student: ModelFile
  let teachers: [ModelFile]
  /// Names of the student's parameters that stay as they are.
  let frozen: Set<String>
  let classes: Int
  /// Whether the labels of the training images are the student's classes, and not of another kind.
  let labelsFit: Bool
  /// SHA-256 of the teachers' files of weights.
  let teacherChecksums: [String]
  /// What is learnt from, and the SHA-256 of every file of weights.
  let origin: [String]

  /// - Parameter inventsMissing: whether fresh weights stand in for files that are not here.
  init(
    _ kind: Run.Kind, _ file: RecipeFile, _ images: RunImages, inventsMissing: Bool
  ) throws {
    let recipe = file.recipe
    let loader = NetworkLoader(recipePath: file.path, inventsMissing: inventsMissing)
    let labelCount = images.training.classNames.count
    // Training images may be of another kind.
    let evaluatedCount = (images.validation ?? images.test)?.classNames.count ?? 0
    switch kind {
    case .distillation:
      guard !recipe.teachers.isEmpty else {
        throw ExperimentError(
          "\(file.path): distillation needs at least one entry under 'teachers'; "
            + "`funmatch train` learns from labels")
      }
      teachers = try recipe.teachers.enumerated().map { index, network in
        try loader.teacher(
          network, key: "teachers.\(index)",
          classes: evaluatedCount > 0 ? evaluatedCount : labelCount)
      }
    case .supervision: teachers = []
    }
    let training = images.training
    let classes = teachers.first?.model.classes ?? labelCount
    guard classes > 0, teachers.allSatisfy({ $0.model.classes == classes }) else {
      throw ExperimentError(
        teachers.isEmpty
          ? "\(recipe.data.train) has no labels; training needs them"
          : "the teachers have different numbers of classes")
    }
    let labels = training.classNamesAreNumbers ? [] : training.classNames
    let learnt = teachers.isEmpty ? labels : teachers[0].classNames
    for (index, teacher) in teachers.enumerated() where !teacher.classNames.isEmpty {
      guard learnt.isEmpty || teacher.classNames == learnt else {
        throw ExperimentError(
          "teachers.\(index): its classes are others than those of teachers.0, or in another order")
      }
    }
    for (name, dataset) in [
      ("data.validation", images.validation), ("data.test", images.test),
    ] {
      guard let dataset else { continue }
      try ClassNames.check(
        dataset, called: name, classes: classes, names: learnt, network: "the student")
    }
    if kind == .distillation, recipe.labels.alpha > 0 {
      guard labelCount > 0 else {
        throw ExperimentError("labels.alpha: \(recipe.data.train) has no labels")
      }
      try ClassNames.check(
        training, called: "data.train", classes: classes, names: learnt, network: "the student")
    }
    let network = try loader.student(recipe.student, classes: classes, seed: recipe.seed)
    // Under training images of another kind, those that are evaluated tell what the classes are.
    let evaluated = [images.validation, images.test].compactMap { $0 }
      .map { $0.classNamesAreNumbers ? [] : $0.classNames }
    let names = [learnt] + evaluated + [labels]
    student = ModelFile(
      model: network.model, spec: network.spec,
      classNames: names.first { $0.count == classes } ?? [],
      preprocessing: recipe.studentPreprocessing)
    self.classes = classes
    labelsFit =
      learnt.isEmpty || labels.isEmpty
      ? training.classNames.count <= classes : training.classNames == learnt
    func checksum(_ weights: String?) throws -> String? {
      guard let weights else { return nil }
      return loader.invents(weights) ? "none" : try SHA256.hexadecimal(file: loader.find(weights))
    }
    teacherChecksums =
      try teachers.isEmpty ? [] : recipe.teachers.compactMap { try checksum($0.weights) }
    frozen = try Self.frozen(recipe.student.frozen, student.model)
    origin =
      [kind.rawValue] + teacherChecksums
      + [try checksum(recipe.student.weights)].compactMap { $0 }
  }

  /// The parameters whose names match the patterns.
  ///
  /// - Throws: `ExperimentError` when a pattern matches none, or nothing is left to train.
  private static func frozen(_ patterns: [String], _ model: any Model) throws -> Set<String> {
    let names = model.store.parameters.map(\.name)
    var frozen: Set<String> = []
    for pattern in patterns {
      let matching = names.filter { fnmatch(pattern, $0, 0) == 0 }
      guard !matching.isEmpty else {
        throw ExperimentError(
          "student.frozen: no parameter is called '\(pattern)'; they are \(names[0]) to "
            + "\(names[names.count - 1]), and * stands for anything")
      }
      frozen.formUnion(matching)
    }
    guard frozen.count < names.count else {
      throw ExperimentError("student.frozen: nothing is left to train")
    }
    return frozen
  }
}
