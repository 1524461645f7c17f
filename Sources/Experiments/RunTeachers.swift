import FunMatchDistillation
import FunMatchImages
import FunMatchModels
import FunMatchTorch

/// The teachers of a run, read and checked against each other and against the labels.
struct RunTeachers {
  /// What their files tell.
  let loaded: [LoadedTeacher]
  /// Ready to be asked about views.
  let asked: [Teacher]
  /// How several count.
  let ensemble: Ensemble
  /// How each looks at whole images.
  let evaluated: [(network: any Classifier, preprocessing: EvaluationPreprocessing)]
  /// Number of classes; without teachers, that of the labels.
  let classes: Int
  /// SHA-256 of their files of weights.
  let checksums: [String]

  /// - Throws: `ExperimentError` naming the file or key.
  init(
    _ kind: Run.Kind, _ file: RecipeFile, _ labels: RunLabels, _ loader: NetworkLoader,
    device: Device
  ) throws {
    let recipe = file.recipe
    switch kind {
    case .distillation:
      guard !recipe.teachers.isEmpty else {
        throw ExperimentError(
          "\(file.path): distillation needs at least one entry under 'teachers'; "
            + "`funmatch train` learns from labels")
      }
      loaded = try recipe.teachers.enumerated().map { index, network in
        try loader.teacher(network, key: "teachers.\(index)", classes: labels.likelyCount)
      }
    case .supervision: loaded = []
    }
    let classes = loaded.first?.network.classes ?? labels.training.count
    guard loaded.allSatisfy({ $0.network.classes == classes }) else {
      throw ExperimentError("the teachers have different numbers of classes")
    }
    self.classes = classes
    checksums =
      try loaded.isEmpty ? [] : recipe.teachers.compactMap { try loader.checksum($0.path) }
    asked = zip(loaded, recipe.teachers).map { loaded, teacher in
      Teacher(
        loaded.network, resolution: teacher.resolution, precision: recipe.precision.dtype,
        device: device)
    }
    ensemble = Ensemble(recipe.combine, weights: recipe.teachers.map(\.weight))
    evaluated = zip(loaded, recipe.teachers).map { loaded, teacher in
      // At the size that it teaches at, whatever else its file may say.
      if let own = loaded.preprocessing, own.crop == teacher.resolution {
        return (loaded.network, own)
      }
      return (
        loaded.network,
        EvaluationPreprocessing(
          resize: Recipe.usualResize(teacher.resolution), crop: teacher.resolution)
      )
    }
  }

  /// The work of asking all of them about an image.
  var cost: RunResult.Cost {
    func sum(_ values: [Int?]) -> Int? {
      let known = values.compactMap { $0 }
      return known.count == values.count ? known.reduce(0, +) : nil
    }
    return RunResult.Cost(
      parameters: sum(asked.map(\.parameterCount)), macs: sum(asked.map(\.multiplyAccumulates)))
  }
}
