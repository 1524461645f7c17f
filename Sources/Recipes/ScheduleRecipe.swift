import FunMatchOptimizers
import FunMatchSettings

/// A schedule as recipes tell it: its length in one of four ways, the times of warm-up and cool-down likewise.
public struct ScheduleRecipe: Settings {
  /// Passes over the training images.
  public var epochs: Double?
  /// Updates.
  public var steps: Int?
  /// Images shown.
  public var images: Int?
  /// Hours from when the command began, within which the run ends; how many updates that are is found on the way.
  public var hours: Double?
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
      "Length as passes over the training images; exactly one of epochs, steps, images and hours is given.",
      group: "length"),
    Key("steps", \.steps, "Length in steps.", group: "length"),
    Key("images", \.images, "Length in images shown.", group: "length"),
    Key(
      "hours", \.hours,
      "Length in hours of this machine, from when the command begins; the steps that they hold are found on the way. With decay: constant and a cool-down.",
      .positive, group: "length"),
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
    guard hours != nil else { return }
    guard decay.value is ConstantDecay else {
      throw SettingsError(
        key,
        "hours need decay: constant, whose steps are the same however many there will be; it is \(decay.name)"
      )
    }
    guard warmupFraction == nil else {
      throw SettingsError(
        key, "hours need a warm-up in steps or epochs, since the length is not known before")
    }
    guard
      [Double(cooldownSteps ?? 0), cooldownEpochs ?? 0, cooldownFraction ?? 0].contains(where: {
        $0 > 0
      }),
      cooldownFraction ?? 0 < 1
    else {
      throw SettingsError(key, "hours need a cool-down at the end, such as cooldownFraction: 0.2")
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
  /// - Returns: more than any run makes, where it is so many hours.
  /// - Throws: a sentence unless exactly one positive length is given.
  func totalSteps(imageCount: Int, batchSize: Int) throws -> Int {
    let lengths = [
      steps.map(Double.init), images.map { Double($0) / Double(batchSize) },
      epochs.map { $0 * Double(imageCount) / Double(batchSize) }, hours.map { _ in Self.openEnd },
    ].compactMap { $0 }
    guard lengths.count == 1, let length = lengths.first else {
      throw RecipeError("exactly one of epochs, steps, images and hours must be given")
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
    let each = Double(imageCount) / Double(batchSize)
    return Schedule(
      totalSteps: total,
      warmupSteps: Self.length(
        warmupSteps, warmupEpochs.map { $0 * each }, warmupFraction.map { $0 * Double(total) }),
      // What hours hold is known only when it cools down.
      cooldownSteps: hours != nil
        ? 0
        : Self.length(
          cooldownSteps, cooldownEpochs.map { $0 * each },
          cooldownFraction.map { $0 * Double(total) }),
      decay: decay.value.over(total))
  }

  /// A little is at least one step, as in the official trainer.
  private static func length(_ steps: Int?, _ others: Double?...) -> Int {
    let exact = steps.map(Double.init) ?? others.compactMap { $0 }.first ?? 0
    return exact > 0 ? max(1, Int(min(exact, 1e12).rounded(.toNearestOrEven))) : 0
  }

  /// Updates of a run that is as long as its hours: none comes to so many.
  private static let openEnd = 999_999_999_999.0

  /// Updates of the cool-down of a run that begins with it after so many.
  ///
  /// - Parameter imageCount: number of training images.
  package func cooldown(after steps: Int, imageCount: Int, batchSize: Int) -> Int {
    Self.length(
      cooldownSteps, cooldownEpochs.map { $0 * Double(imageCount) / Double(batchSize) },
      cooldownFraction.map { $0 / (1 - $0) * Double(steps) })
  }

  /// The same schedule, its length known: after so many updates it cools down. Until then it is what it was.
  ///
  /// - Parameter imageCount: number of training images.
  package func settled(after steps: Int, imageCount: Int, batchSize: Int) -> ScheduleRecipe {
    let cooldown = cooldown(after: steps, imageCount: imageCount, batchSize: batchSize)
    var settled = self
    (settled.hours, settled.steps) = (nil, steps + cooldown)
    (settled.cooldownSteps, settled.cooldownEpochs, settled.cooldownFraction) = (cooldown, nil, nil)
    return settled
  }
}
