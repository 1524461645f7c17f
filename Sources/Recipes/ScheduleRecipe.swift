import FunMatchOptimizers
import FunMatchSettings

/// A schedule as recipes tell it: its length in one of three ways, the times of warm-up and cool-down likewise.
public struct ScheduleRecipe: Settings {
  /// Passes over the training images.
  public var epochs: Double?
  /// Updates.
  public var steps: Int?
  /// Images shown.
  public var images: Int?
  /// How the rate falls.
  public var decay = OneOf<DecayKind>(CosineDecay())
  /// Over which the rate rises: updates, passes, or a share of the run; at most one is given.
  public var warmupSteps: Int? = 1500
  /// Warm-up in passes over the data.
  public var warmupEpochs: Double?
  /// Warm-up as a share of all steps.
  public var warmupFraction: Double?
  /// At the end, over which it falls to 0, whatever `decay` does.
  public var cooldownSteps: Int? = 0
  /// Cool-down in passes over the data.
  public var cooldownEpochs: Double?
  /// Cool-down as a share of all steps.
  public var cooldownFraction: Double?

  /// The paper's warm-up of the small data sets, no cool-down, cosine; the length is open.
  public init() {}

  /// Its keys.
  public static let keys: [Key<ScheduleRecipe>] = [
    Key(
      "epochs", \.epochs,
      "Length as passes over the training images; exactly one of epochs, steps and images is given.",
      group: "length"),
    Key("steps", \.steps, "Length in steps.", group: "length"),
    Key("images", \.images, "Length in images shown.", group: "length"),
    Key("decay", \.decay, "How the rate falls between warm-up and end."),
    Key(
      "warmupSteps", \.warmupSteps,
      "Steps over which the rate rises from 0; at most one of the three warm-ups is given.",
      .notNegative, group: "warmup"),
    Key("warmupEpochs", \.warmupEpochs, "The same in passes.", .notNegative, group: "warmup"),
    Key(
      "warmupFraction", \.warmupFraction, "The same as a share of the run.", .share,
      group: "warmup"),
    Key(
      "cooldownSteps", \.cooldownSteps,
      "Steps at the end over which what the decay leaves goes down to 0 in a line.", .notNegative,
      group: "cooldown"),
    Key("cooldownEpochs", \.cooldownEpochs, "The same in passes.", .notNegative, group: "cooldown"),
    Key(
      "cooldownFraction", \.cooldownFraction, "The same as a share of the run.", .share,
      group: "cooldown"),
  ]

  /// Keys of which a recipe has at most one; those of a group mean the same in different units.
  package static let alternatives = Dictionary(grouping: keys.filter { $0.group != nil }) {
    $0.group ?? ""
  }.values.map { $0.map(\.name) }

  /// - Throws: `SettingsError` unless there is exactly one length.
  public func check(at key: String) throws {
    do {
      _ = try totalSteps(imageCount: 1, batchSize: 1)
    } catch {
      throw SettingsError(key, "\(error)")
    }
  }

  /// Whether its times depend on the number of training images.
  package var countsEpochs: Bool {
    epochs != nil || warmupEpochs != nil || cooldownEpochs != nil
  }

  /// Number of updates of the whole run.
  ///
  /// Epochs and images are rounded to the nearest step (big_vision `utils.py`, `steps`).
  ///
  /// - Parameter imageCount: number of training images.
  /// - Throws: a sentence unless exactly one positive length is given.
  func totalSteps(imageCount: Int, batchSize: Int) throws -> Int {
    let lengths = [
      steps.map(Double.init), images.map { Double($0) / Double(batchSize) },
      epochs.map { $0 * Double(imageCount) / Double(batchSize) },
    ].compactMap { $0 }
    guard lengths.count == 1, let length = lengths.first else {
      throw RecipeError("exactly one of epochs, steps and images must be given")
    }
    guard length > 0, length < 1e12 else {
      throw RecipeError("its length must be positive and below 1e12 steps")
    }
    return max(1, Int(length.rounded(.toNearestOrEven)))
  }

  /// Makes it as long as this.
  package mutating func setSteps(_ steps: Int) { (self.steps, images, epochs) = (steps, nil, nil) }

  /// The length of a run whose cool-down begins after `step` updates.
  ///
  /// - Parameter imageCount: number of training images.
  package func length(coolingFrom step: Int, imageCount: Int, batchSize: Int) -> Int {
    let share = cooldownFraction ?? 0
    guard share < 1 else { return step }
    // A share of the length makes it longer, which makes the share longer: from just below what that comes to.
    let least = (Double(step) - 0.5) / (1 - share) - 1
    guard least < 1e12 else { return 1_000_000_000_000 }
    var total = max(step, Int(least))
    while true {
      let cooldown = schedule(total: total, imageCount: imageCount, batchSize: batchSize)
        .cooldownSteps
      guard step + cooldown != total else { return total }
      total = step + cooldown
    }
  }

  /// The schedule of learning rate and weight decay.
  func schedule(total: Int, imageCount: Int, batchSize: Int) -> Schedule {
    func length(_ steps: Int?, _ epochs: Double?, _ share: Double?) -> Int {
      let exact =
        steps.map(Double.init) ?? epochs.map { $0 * Double(imageCount) / Double(batchSize) }
        ?? share.map { $0 * Double(total) } ?? 0
      // A little is at least one step, as in the official trainer.
      return exact > 0 ? max(1, Int(min(exact, 1e12).rounded(.toNearestOrEven))) : 0
    }
    return Schedule(
      totalSteps: total, warmupSteps: length(warmupSteps, warmupEpochs, warmupFraction),
      cooldownSteps: length(cooldownSteps, cooldownEpochs, cooldownFraction),
      decay: decay.value.over(total))
  }
}
