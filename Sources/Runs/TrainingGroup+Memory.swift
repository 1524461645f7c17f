import FunMatchRecipes

/// What a group's students take of memory.
extension TrainingGroup {
  /// Makes sure that there is memory for each of some students, one at a time.
  ///
  /// - Throws: `RecipeError` with what fits where one needs far more than is free.
  static func check(
    _ students: [StudentRecipe], _ kind: TrainingKind, _ recipe: SharedRecipe,
    _ loader: NetworkLoader, _ datasets: RunDatasets, _ labels: ClassCheck, _ options: RunOptions
  ) throws {
    guard let room = MemoryEstimate.Room(options.device) else { return }
    for student in students {
      var whole = Recipe()
      (whole.shared, whole.student) = (recipe, student)
      // A network that cannot be built is told of where it is loaded.
      let estimate = try? MemoryEstimate(
        kind, whole, loader, options, classes: labels.likelyCount,
        evaluated: evaluated(recipe, datasets, options),
        steps: options.dryRunSteps ?? .max)
      try estimate?.check(room)
    }
  }

  /// What one of them takes, as far as that is known by now.
  ///
  /// - Parameter isEvaluated: whether evaluations are a part of it.
  /// - Returns: `nil` where nobody knows.
  func memory(_ training: StudentTraining, _ student: StudentRecipe, isEvaluated: Bool)
    -> MemoryEstimate?
  {
    var whole = Recipe()
    (whole.shared, whole.student) = (recipe, student)
    if let engine = teacherEngines.first {
      (whole.shared.engine, whole.shared.precision) = (engine.engine, engine.precision)
    }
    whole.student.precision = training.engines.student
    return try? MemoryEstimate(
      kind, whole, loader, options, classes: classes,
      evaluated: isEvaluated ? Self.evaluated(recipe, datasets, options) : 0,
      steps: options.dryRunSteps ?? .max)
  }

  /// Images that evaluations give to networks at a time.
  private static func evaluated(
    _ recipe: SharedRecipe, _ datasets: RunDatasets, _ options: RunOptions
  ) -> Int {
    let counts = [datasets.validation, datasets.trainingSlice, datasets.test].map { $0?.count ?? 0 }
    return min(recipe.evaluationBatchSize, counts.max() ?? 0)
  }
}
