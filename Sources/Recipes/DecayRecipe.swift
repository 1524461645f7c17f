import FunMatchOptimizers
import FunMatchSettings

/// How the rate falls between the warm-up and the end, as recipes tell it.
public protocol DecayRecipe: Variant {
  /// The same for a run of `total` updates.
  func over(_ total: Int) -> Schedule.Decay
}

/// The decays that recipes can name.
public enum DecayKind: VariantKind {
  /// What a name stands for.
  public typealias Value = any DecayRecipe
  /// What comes with this package.
  public static let builtIn: [any Variant.Type] = [
    CosineDecay.self, LinearDecay.self, ConstantDecay.self, StepDecay.self,
  ]
  /// What messages call an entry.
  public static let noun = "decay"
}

/// Half a cosine, to 0.
public struct CosineDecay: DecayRecipe {
  /// The only one.
  public init() {}
  /// `cosine`.
  public static let name = "cosine"
  /// What it is.
  public static let summary = "Half a cosine, to 0, without restarts."
  /// None.
  public static let keys: [Key<CosineDecay>] = []
  /// The same whatever the length.
  public func over(_ total: Int) -> Schedule.Decay { .cosine }
}

/// A line, to 0.
public struct LinearDecay: DecayRecipe {
  /// The only one.
  public init() {}
  /// `linear`.
  public static let name = "linear"
  /// What it is.
  public static let summary = "A line, to 0."
  /// None.
  public static let keys: [Key<LinearDecay>] = []
  /// The same whatever the length.
  public func over(_ total: Int) -> Schedule.Decay { .linear }
}

/// The rate stays.
public struct ConstantDecay: DecayRecipe {
  /// The only one.
  public init() {}
  /// `constant`.
  public static let name = "constant"
  /// What it is.
  public static let summary = "The rate stays as it is."
  /// None.
  public static let keys: [Key<ConstantDecay>] = []
  /// The same whatever the length.
  public func over(_ total: Int) -> Schedule.Decay { .constant }
}

/// The rate is multiplied by a factor now and then.
public struct StepDecay: DecayRecipe {
  /// Updates, or, if all are below 1, shares of the run.
  public var at: [Double] = []
  /// What the rate is multiplied by at each.
  public var factor = 0.1

  /// Nowhere yet.
  public init() {}
  /// `step`.
  public static let name = "step"
  /// What it is.
  public static let summary =
    "× factor at each of these shares of the run, or steps if they are 1 or more."

  /// Its keys.
  public static let keys: [Key<StepDecay>] = [
    Key("at", \.at, "Ascending shares of the run, or ascending steps.", isRequired: true),
    Key("factor", \.factor, "What the rate is multiplied by at each.", .share),
  ]

  /// - Throws: `SettingsError` unless places ascend and are all of one kind.
  public func check(at key: String) throws {
    let areShares = at.allSatisfy { $0 > 0 && $0 < 1 }
    let areSteps = at.allSatisfy { $0 >= 1 && $0 < 1e12 && $0 == $0.rounded() }
    guard areShares || areSteps, zip(at, at.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw SettingsError(
        key + ".at",
        "expected ascending shares of the run, such as [0.3, 0.6, 0.9], "
          + "or ascending steps, such as [3000, 6000, 9000]")
    }
  }

  /// Shares as steps.
  public func over(_ total: Int) -> Schedule.Decay {
    .step(
      at: at.map { Int(($0 < 1 ? $0 * Double(total) : $0).rounded(.toNearestOrEven)) },
      factor: factor)
  }
}
