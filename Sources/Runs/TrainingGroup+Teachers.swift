import FunMatchBanks
import FunMatchDistillation
import FunMatchFiles
import FunMatchFrozen
import FunMatchModels
import FunMatchRecipes
import FunMatchTorch
import FunMatchViews

/// How the teachers of a group are loaded.
extension TrainingGroup {
  /// What several processes must have in common: teachers whose logits have the same bits.
  private struct Settled: Codable {
    var engines: [Computation] = []
    var calibrations: [String: Int8Network.Findings] = [:]
  }

  /// The teachers of a recipe. Of several processes the first finds out what they compute with.
  static func teachers(
    _ loader: NetworkLoader, _ recipe: SharedRecipe, _ datasets: RunDatasets, _ labels: ClassCheck,
    _ options: RunOptions, cacheFolder: String?
  ) throws -> LoadedTeachers {
    func teachers(_ chosen: EngineChoice?) throws -> LoadedTeachers {
      try TeacherLoader(
        loader: loader, recipe: recipe, device: options.device, chosen: chosen,
        cacheFolder: cacheFolder, measuringShare: options.measuringShare,
        views: views(recipe, datasets)
      ).teachers(
        classes: labels.likelyCount,
        like: keptComputations(
          recipe, datasets, device: options.device, cacheFolder: cacheFolder))
    }
    guard let group = options.group, !group.isFirst else {
      let loaded = try teachers(options.chosen)
      _ = try options.shared {
        Settled(engines: loaded.engines, calibrations: loaded.calibrations)
      }
      return loaded
    }
    let settled = try group.shared { Settled() }
    return try teachers(
      EngineChoice(
        teachers: settled.engines, student: .f32, calibrations: settled.calibrations))
  }

  /// Most images of a step that a process gives to networks at a time.
  ///
  /// - Throws: `RecipeError` when there are more processes than images.
  static func imagesAtOnce(_ recipe: SharedRecipe, _ group: ProcessGroup?) throws -> Int {
    guard let group else { return recipe.imagesAtOnce }
    let parts = DistillationStep.parts(of: recipe.batchSize, recipe.microBatchSize).map(\.count)
    guard let least = parts.min(), least >= group.size else {
      throw RecipeError(
        "\(recipe.microBatchSize == nil ? "batchSize" : "microBatchSize"): \(group.size) processes "
          + "cannot share a part of \(parts.min() ?? 0) images")
    }
    return (recipe.imagesAtOnce + group.size - 1) / group.size
  }

  /// Views such as teachers are shown in a run's first steps, unmixed: (count, 3, resolution, resolution), f32 in [-1, 1].
  static func views(
    _ recipe: SharedRecipe, _ datasets: RunDatasets
  ) -> (_ resolution: Int, _ count: Int) throws -> Tensor {
    { resolution, count in
      let size = max(1, min(count, recipe.batchSize))
      let batches = (count + size - 1) / size
      let parts: [Tensor]
      if recipe.views.teacher.isFixed {
        let source = FixedViewSource(
          datasets.training, policy: recipe.views, from: 0,
          batchSize: max(1, min(datasets.trainingCount, count)), student: recipe.resolution,
          teachers: [resolution], seed: recipe.seed, options: datasets.loading)
        parts =
          try source.batch(0).pixels[resolution].map { [Batch.scaled($0, device: .cpu)] } ?? []
      } else {
        let source = try BatchSource(
          datasets.training, policy: recipe.views, batchSize: size, student: recipe.resolution,
          teachers: [resolution], seed: recipe.seed, steps: batches, mixture: datasets.mixture,
          options: datasets.loading)
        parts = try (0..<batches).compactMap { step in
          Batch(try source.batch(step), lambda: 1, device: .cpu).teacher[resolution]
        }
      }
      let all = Tensor.concatenated(parts)
      // Few images are shown again.
      let places = (0..<count).map { Int64($0 % all.shape[0]) }
      return all.selecting(Tensor(places)).channelsLast
    }
  }

  /// What computed logits of a recipe's views that are kept, if not these teachers: nobody wants to compute them again.
  static func keptComputations(
    _ recipe: SharedRecipe, _ datasets: RunDatasets, device: Device, cacheFolder: String?
  ) -> (_ teachers: [Teacher]) throws -> [Computation]? {
    { teachers in
      let folder = cacheFolder ?? CacheFolder.user
      if recipe.views.teacher.isFixed {
        let images = try datasets.fingerprint()
        let kept = try teachers.indices.map { place in
          try BankIdentity.targets(
            of: place, recipe, images: images, teachers: teachers, device: device
          ).kept(in: folder + "/targets", count: 1)?.first
        }
        return kept.contains { $0 != nil }
          ? zip(kept, teachers).map { $0 ?? $1.computation } : nil
      }
      guard recipe.bank != nil else { return nil }
      return try BankIdentity.batches(
        recipe, images: datasets.fingerprint(), teachers: teachers, device: device
      ).kept(in: folder + "/banks", count: teachers.count)
    }
  }

  func teachers(_ engines: [Computation], on threads: Int) throws -> [Teacher] {
    let chosen = EngineChoice(
      teachers: engines, student: .f32, calibrations: loaded.calibrations)
    let loader = TeacherLoader(
      loader: loader, recipe: recipe, device: device, chosen: chosen, cacheFolder: cacheFolder,
      views: Self.views(recipe, datasets))
    return try Torch.withThreads(threads) { try loader.teachers(classes: classes).teachers }
  }
}
