import Foundation

/// What the learning rate and the weight decay are multiplied by at each step.
///
/// Source: big_vision `utils.py`, `create_learning_rate_schedule`.
public struct Schedule: Sendable, Equatable {
  /// How the multiplier goes down after the warm-up.
  public enum Decay: String, Codable, Sendable, CaseIterable {
    /// Half a cosine, to 0 at the last step, without restarts.
    case cosine
    /// Stays at 1.
    case constant
  }

  /// Number of steps of the whole run.
  public let totalSteps: Int
  /// Steps over which the multiplier rises from 0 to 1 in a line.
  public let warmupSteps: Int
  /// How it goes down afterwards.
  public let decay: Decay

  /// A schedule over `totalSteps` updates.
  public init(totalSteps: Int, warmupSteps: Int, decay: Decay = .cosine) {
    self.totalSteps = totalSteps
    self.warmupSteps = warmupSteps
    self.decay = decay
  }

  /// The multiplier, in [0, 1], of update `step`, 0 being the first. With a warm-up the first
  /// update has multiplier 0.
  public func callAsFunction(_ step: Int) -> Double {
    let warmup = warmupSteps > 0 ? min(1, Double(step) / Double(warmupSteps)) : 1
    switch decay {
    case .constant: return warmup
    case .cosine:
      let progress = Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
      return 0.5 * (1 + cos(.pi * min(1, max(0, progress)))) * warmup
    }
  }
}
