import FunMatchRecipes

/// What of its recipe a run may change on its way.
extension RunFolder {
  /// Counts training images, for schedules that count epochs.
  public typealias ImageCount = (TrainingImages) throws -> Int

  /// The recipe of the folder's run.
  ///
  /// - Throws: `RecipeError` when it cannot be read.
  func keptRecipe(like file: RecipeFile) throws -> Recipe {
    try RecipeFile(path: recipe, registry: file.registry).recipe
  }

  /// Checks that the folder's run is one of this recipe.
  ///
  /// - Parameter imageCount: where it is given, the schedule may be another one under which all updates made would have been the
  ///   same.
  /// - Throws: `RecipeError` when it is another's.
  package func checkRecipe(_ file: RecipeFile, imageCount: ImageCount? = nil) throws {
    let kept = try keptRecipe(like: file)
    var wanted = file.recipe
    if imageCount != nil { wanted.student.schedule = kept.student.schedule }
    if let difference = try Self.difference(kept, wanted) {
      throw RecipeError("\(path) holds a run of another recipe; they differ in: \(difference)")
    }
    guard let imageCount, let difference = try Self.difference(kept, file.recipe) else { return }
    let saved = Checkpoint.newest(in: checkpoints)?.step
    let done = saved ?? RunResult(path: result)?.steps ?? 0
    let steps = try Self.stepsInCommon(kept, file.recipe, upTo: done, imageCount)
    guard let steps else {
      throw RecipeError(
        "\(path) holds a run whose \(done) steps are not the first ones of a longer run with this schedule "
          + "(\(difference)); begin a new run, or train with decay: constant, which can go on and be "
          + "cooled down by --branch")
    }
    guard saved != nil || steps == done else {
      throw RecipeError(
        "\(path) holds a run that ended after step \(done) and has no checkpoint left to go on from; "
          + "choose another --output")
    }
  }

  /// Whether updates that were made under one recipe are those of another one, whose schedule may differ.
  ///
  /// - Returns: the length of the other one, which has more or is as long as before; `nil` where they are not.
  static func stepsInCommon(
    _ kept: Recipe, _ wanted: Recipe, upTo done: Int, _ imageCount: ImageCount
  ) throws -> Int? {
    let countsEpochs = [kept, wanted].contains { $0.student.schedule.countsEpochs }
    let images = countsEpochs ? try imageCount(wanted.shared.train) : 1
    let (before, now) = try (
      kept.schedule(imageCount: images), wanted.schedule(imageCount: images)
    )
    let isLonger = now.totalSteps > done || now.totalSteps == before.totalSteps
    return isLonger && before.agrees(with: now, before: done) ? now.totalSteps : nil
  }

  /// How recipes differ in what must not change, in words; `nil` where they do not.
  ///
  /// - Parameter change: makes equal what else may differ.
  static func difference(
    _ kept: Recipe, _ wanted: Recipe, ignoring change: (inout Recipe) -> Void = { _ in }
  ) throws -> String? {
    // Texts, since those are what is kept. What is kept in memory and on the disk may change: it shows in no view and no
    // weight. So may what is done about broken images: as long as a run goes on it met none, or passes over them.
    func text(_ recipe: Recipe) throws -> String {
      var recipe = recipe
      recipe.shared.cache = .none
      recipe.shared.onBrokenImage = .fail
      recipe.student.checkpoints = CheckpointRecipe()
      change(&recipe)
      return try RecipeFile.text(recipe)
    }
    var wanted = wanted
    // What is measured was measured when the run began.
    if wanted.shared.engine == .auto { wanted.shared.engine = kept.shared.engine }
    if wanted.shared.precision == .auto { wanted.shared.precision = kept.shared.precision }
    if wanted.student.precision == .auto { wanted.student.precision = kept.student.precision }
    let texts = (try text(kept), try text(wanted))
    return texts.0 == texts.1 ? nil : RecipeText.difference(texts.0, texts.1)
  }
}
