import FunMatchDistillation
import FunMatchFiles
import FunMatchOptimizers
import FunMatchRecipes

/// What a first recipe takes from memory, from the number of images, and from how many steps the time is likely to hold.
struct FirstChoices {
  let batchSize, evaluationBatchSize: Int
  let warmupSteps, evaluateEvery, saveEvery: Int
  let learningRate, weightDecay: Double
  /// Whether there is time to measure what each network computes fastest in.
  let measures: Bool
  /// What is said of the batch size where it was chosen.
  let batchWords: String
  /// How many steps there may be; `nil` where that was measured when the run began.
  let expectedSteps: Double?

  /// The paper's.
  static let usualBatch = 512
  /// Below so many steps smaller batches learn more.
  private static let fewestSteps = 1000.0
  private static let smallestBatch = 32
  private static let measuringShare = 0.1
  /// Two, and a cool-down.
  private static let leastSteps = 3.0
  private static let evaluatedAtOnce = 250

  /// Those of a recipe that was made before.
  init(of recipe: Recipe) {
    let own = recipe.student
    (batchSize, evaluationBatchSize) = (recipe.shared.batchSize, recipe.shared.evaluationBatchSize)
    (warmupSteps, evaluateEvery) = (own.schedule.warmupSteps ?? 0, own.evaluateEvery)
    saveEvery = own.checkpoints.every
    let adam = own.optimizer.value as? AdamConfiguration ?? AdamConfiguration()
    (learningRate, weightDecay) = (adam.learningRate, adam.weightDecay)
    (batchWords, expectedSteps, measures) = ("", nil, true)
  }

  /// Those for a recipe, as far as it is known. A few steps are tried.
  ///
  /// - Throws: what a run would throw.
  init(for file: RecipeFile, _ wish: FirstRecipe.Wish, images: Int, _ options: RunOptions) throws {
    let isGiven = wish.edits.contains { $0.hasPrefix("batchSize=") }
    var batch = file.recipe.shared.batchSize
    let tried = min(batch, Self.smallestBatch)
    let each =
      try CostMeasurement(.distillation, file, options).seconds(
        images: tried, within: .seconds(3600 * wish.hours * Self.measuringShare / 2))
      / Double(tried)
    let left = 3600 * wish.hours - options.begin.duration(to: .now).seconds
    func steps(_ batch: Int) -> Double { max(1, left / (each * Double(batch))) }
    var reasons = batch < Self.usualBatch ? ["there are \(NumberText.grouped(images)) images"] : []
    while !isGiven, steps(batch) < Self.fewestSteps, batch / 2 >= Self.smallestBatch {
      batch /= 2
      reasons = ["the time is to hold 1,000 steps or nearly as many"]
    }
    while !isGiven, batch > 1, try !Self.fits(file, batch: batch, options) {
      batch /= 2
      reasons = ["more images would not fit into memory"]
    }
    guard steps(batch) >= Self.leastSteps else {
      let needed = wish.hours + (Self.leastSteps * each * Double(batch) - left) / 3600
      throw RecipeError(
        "--hours: \(NumberText.short(wish.hours)) hours are too short for two steps and a cool-down: a step of \(batch) images takes "
          + "\(NumberText.significant(each * Double(batch))) s; expected at least \(NumberText.significant(1.2 * needed)) hours"
      )
    }
    (batchSize, evaluationBatchSize) = (batch, Self.evaluated(batch))
    batchWords = (["The paper has 512"] + reasons).joined(separator: "; ") + "."
    // A few passes of as many images in four ways or so.
    measures = each * 512 < Self.measuringShare * left
    let expected = steps(batch)
    expectedSteps = expected
    func part(_ share: Double, upTo most: Int) -> Int {
      max(1, min(Int(min(expected / share, 1e9)), most))
    }
    (warmupSteps, saveEvery) = (part(20, upTo: 1500), part(20, upTo: 500))
    evaluateEvery = part(5, upTo: 1000)
    (learningRate, weightDecay) =
      expected < 15_000 ? (0.01, 3e-4) : expected < 100_000 ? (0.003, 3e-4) : (0.001, 1e-4)
  }

  private static func evaluated(_ batch: Int) -> Int {
    min(evaluatedAtOnce, max(batch, smallestBatch))
  }

  /// Whether there is memory for steps of so many images.
  private static func fits(_ file: RecipeFile, batch: Int, _ options: RunOptions) throws -> Bool {
    guard let room = MemoryEstimate.Room(options.device) else { return true }
    var recipe = file.recipe
    recipe.shared.batchSize = batch
    let loader = NetworkLoader(
      recipePath: file.path, registry: options.registry, device: options.device, batchSize: batch)
    return try MemoryEstimate(
      .distillation, recipe, loader, options, evaluated: evaluated(batch), steps: .max
    )?.fits(room) ?? true
  }
}
