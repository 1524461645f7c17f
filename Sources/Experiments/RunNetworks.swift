import Foundation
import FunMatchDatasets
import FunMatchModels
import FunMatchTorch

/// The networks of a run, read and checked against each other and against the labels.
struct RunNetworks {
  let student: ModelFile
  let teachers: [LoadedTeacher]
  let classes: Int
  /// Whether the labels of the training images are the student's classes, and not of another kind.
  let labelsFit: Bool
  /// SHA-256 of the teachers' files of weights.
  let teacherChecksums: [String]
  /// Names of the student's parameters that stay as they are.
  let frozen: Set<String>
  /// What is learnt from, and the SHA-256 of every file of weights.
  let origin: [String]

  /// - Parameters:
  ///   - inventsMissing: whether fresh weights stand in for files that are not here.
  ///   - device: where teachers run that are programs.
  init(
    _ kind: Run.Kind, _ file: RecipeFile, _ images: RunImages, inventsMissing: Bool,
    device: Device
  ) throws {
    let recipe = file.recipe
    let loader = NetworkLoader(
      recipePath: file.path, inventsMissing: inventsMissing, device: device,
      batchSize: recipe.microBatchSize ?? recipe.batchSize)
    let labels = RunLabels(recipe, images)
    switch kind {
    case .distillation:
      guard !recipe.teachers.isEmpty else {
        throw ExperimentError(
          "\(file.path): distillation needs at least one entry under 'teachers'; "
            + "`funmatch train` learns from labels")
      }
      teachers = try recipe.teachers.enumerated().map { index, network in
        try loader.teacher(network, key: "teachers.\(index)", classes: labels.likelyCount)
      }
    case .supervision: teachers = []
    }
    classes = teachers.first?.network.classes ?? labels.training.count
    guard teachers.allSatisfy({ [classes] in $0.network.classes == classes }) else {
      throw ExperimentError("the teachers have different numbers of classes")
    }
    let learnt = try labels.check(teachers, kind)
    labelsFit = labels.trainingFits(learnt, classes: classes)
    let network = try loader.student(recipe.student, classes: classes, seed: recipe.seed)
    if recipe.student.head == .keep,
      let name = ClassNames.misplaced(network.classNames, among: learnt)
    {
      throw ExperimentError(
        "student.weights: '\(name)' is another class there than here; student.head: reset gives it a "
          + "new head")
    }
    student = ModelFile(
      model: network.model, spec: network.spec,
      classNames: learnt.count == classes ? learnt : [],
      preprocessing: recipe.studentPreprocessing)
    func checksum(_ weights: String?) throws -> String? {
      guard let weights else { return nil }
      return loader.invents(weights) ? "none" : try SHA256.hexadecimal(file: loader.find(weights))
    }
    teacherChecksums =
      try teachers.isEmpty ? [] : recipe.teachers.compactMap { try checksum($0.path) }
    frozen = try Self.frozen(recipe.student.frozen, student.model)
    origin =
      [kind.rawValue, "\(images.trainingCount) images"] + teacherChecksums
      + [try checksum(recipe.student.weights)].compactMap { $0 }
  }

  /// The parameters whose names match the patterns.
  ///
  /// - Throws: `ExperimentError` when a pattern matches none, or nothing is left to train.
  private static func frozen(_ patterns: [String], _ model: any Model) throws -> Set<String> {
    let names = model.store.all.map(\.name)
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
    guard !model.store.parameters.allSatisfy({ frozen.contains($0.name) }) else {
      throw ExperimentError("student.frozen: nothing is left to train")
    }
    return frozen
  }
}
