import Foundation

/// What the learning rate and the weight decay are multiplied by at each step.
///
/// Source: big_vision `utils.py`, `create_learning_rate_schedule`.
public struct Schedule: Sendable, Equatable {
  /// How the multiplier goes down between the warm-up and the last step.
  public enum Decay: Sendable, Equatable {
    /// Half a cosine, to 0, without restarts.
    case cosine
    /// A line, to 0.
    case linear
    /// Stays at 1.
    case constant
    /// Is multiplied by `factor` at each of the updates `at`, ascending; official `stair`.
    case step(at: [Int], factor: Double)
  }

  /// Number of steps of the whole run.
  public let totalSteps: Int
  /// Steps over which the multiplier rises from 0 in a line.
  public let warmupSteps: Int
  /// Steps at the end over which what the decay leaves of it goes down to 0 in a line.
  public let cooldownSteps: Int
  /// How it goes down.
  public let decay: Decay

  /// A schedule over `totalSteps` updates.
  public init(
    totalSteps: Int, warmupSteps: Int, cooldownSteps: Int = 0, decay: Decay = .cosine
  ) {
    self.totalSteps = totalSteps
    self.warmupSteps = warmupSteps
    self.cooldownSteps = cooldownSteps
    self.decay = decay
  }

  /// What is odd about it, in words.
  public var warnings: [String] {
    var warnings: [String] = []
    if warmupSteps >= totalSteps {
      warnings.append("the warm-up of \(warmupSteps) steps lasts as long as the run, or longer")
    } else if warmupSteps + cooldownSteps > totalSteps {
      warnings.append(
        "warm-up and cool-down, \(warmupSteps) and \(cooldownSteps) steps, overlap in a run of "
          + "\(totalSteps)")
    }
    if case .step(let steps, _) = decay, let last = steps.last, last >= totalSteps {
      warnings.append("the decay at step \(last) comes after the end of the run")
    }
    return warnings
  }

  /// The multiplier, in [0, 1], of update `step`, 0 being the first. With a warm-up the first
  /// update has multiplier 0.
  public func callAsFunction(_ step: Int) -> Double {
    let left = Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
    let progress = min(1, max(0, left))
    let decayed: Double =
      switch decay {
      case .cosine: 0.5 * (1 + cos(.pi * progress))
      case .linear: 1 - progress
      case .constant: 1
      case .step(let steps, let factor): pow(factor, Double(steps.count { $0 <= step }))
      }
    let warmup = warmupSteps > 0 ? min(1, Double(step) / Double(warmupSteps)) : 1
    let cooldown =
      cooldownSteps > 0 ? min(1, Double(totalSteps - step) / Double(cooldownSteps)) : 1
    return decayed * warmup * cooldown
  }

  /// Whether a run that has made `step` updates under one schedule can go on under the other: both have that many, and each of
  /// these has the same multiplier in both, to the last bit.
  public func agrees(with other: Schedule, before step: Int) -> Bool {
    guard self != other else { return step <= totalSteps }
    return step <= min(totalSteps, other.totalSteps)
      && (0..<max(0, step)).allSatisfy { self($0) == other($0) }
  }
}
