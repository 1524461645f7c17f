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
  let objective: Objective
  let optimizer: any Optimizer
  let schedule: Schedule
  let mode: Mode
  let average: AveragedModel?
  /// Its gradients, where several processes train it.
  let buckets: GradientBuckets?

  /// - Parameters:
  ///   - precision: what the student's convolutions compute in.
  ///   - average: follows the student, if one is wanted.
  ///   - group: the processes that train it together, each with rows of its own of every batch; `nil`: this one alone.
  public init(
    _ student: any Model, objective: Objective, optimizer: any Optimizer, schedule: Schedule,
    precision: DType, average: AveragedModel? = nil, group: ProcessGroup? = nil
  ) {
    self.student = student
    self.objective = objective
    self.optimizer = optimizer
    self.schedule = schedule
    mode = .training(precision, group)
    self.average = average
    buckets = group.map { GradientBuckets(student.store.trained.map(\.value), $0) }
  }

  /// Clips the gradient and updates the weights, 0 being the first step.
  ///
  /// - Throws: `TrainingError` when gradient or new weights are not finite, naming the step.
  func update(loss: Double, step: Int) throws -> Update {
    let multiplier = schedule(step)
    let norms: UpdateNorms
    do {
      norms = try optimizer.update(multiplier: multiplier)
    } catch {
      throw TrainingError("\(error) at step \(step + 1)")
    }
    guard norms.parameters.isFinite, norms.update.isFinite else {
      throw TrainingError("the weights are no longer finite after step \(step + 1)")
    }
    average?.update(from: student, count: step + 1)
    return Update(loss: loss, multiplier: multiplier, norms: norms)
  }
}
