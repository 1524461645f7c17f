import FunMatchModels
import FunMatchNN
import FunMatchOptimizers
import FunMatchTorch

/// A student in training: the network, what it is trained for and how its weights are updated.
public struct Learner {
  /// What an update did.
  public struct Update: Sendable {
    /// Mean loss over the batch before the update.
    public let loss: Double
    /// The schedule's value.
    public let multiplier: Double
    /// Norms of gradient, parameters and update.
    public let norms: UpdateNorms
    /// Seconds that went into this student alone.
    public var seconds = 0.0
  }

  /// The network, on the device, its parameters requiring gradients.
  public let student: any Model
  let objective: any Objective
  let optimizer: any Optimizer
  let schedule: Schedule
  let mode: Mode
  let average: AveragedModel?

  /// - Parameters:
  ///   - precision: what the student's convolutions compute in.
  ///   - average: follows the student, if one is wanted.
  public init(
    _ student: any Model, objective: any Objective, optimizer: any Optimizer, schedule: Schedule,
    precision: DType, average: AveragedModel? = nil
  ) {
    self.student = student
    self.objective = objective
    self.optimizer = optimizer
    self.schedule = schedule
    mode = .training(precision)
    self.average = average
  }
}
