import FunMatchModels
import FunMatchNN
import FunMatchOptimizers
import FunMatchTorch
import FunMatchViews

/// One update of the student: mix, ask the teachers, ask the student, compare, backward, clip,
/// step.
///
/// Source: big_vision `trainers/proj/distill/distill.py`, `update_fn`.
public struct DistillationStep {
  /// What an update did.
  public struct Result: Sendable {
    /// Mean loss over the batch before the update.
    public let loss: Double
    /// The schedule's value.
    public let multiplier: Double
    /// Norms of gradient, parameters and update.
    public let norms: UpdateNorms
  }

  let student: any Model
  let objective: any Objective
  let optimizer: Adam
  let schedule: Schedule
  let lambda: (Int) -> Double
  let resolution: Int
  let mode: Mode
  let device: Device
  /// Measures the parts of steps, if one is wanted.
  public var stopwatch: Stopwatch?

  /// - Parameters:
  ///   - student: on `device`, its parameters requiring gradients.
  ///   - lambda: mixup's λ of a step, such as `Mixup.lambda(step:)`.
  ///   - resolution: the student's input size in pixels.
  ///   - precision: what the student's convolutions compute in.
  public init(
    student: any Model, objective: any Objective, optimizer: Adam, schedule: Schedule,
    lambda: @escaping (Int) -> Double, resolution: Int, precision: DType, device: Device
  ) {
    self.student = student
    self.objective = objective
    self.optimizer = optimizer
    self.schedule = schedule
    self.lambda = lambda
    self.resolution = resolution
    self.mode = .training(precision)
    self.device = device
  }

  /// Makes update `step`, 0 being the first.
  ///
  /// - Throws: `TrainingError` when loss, gradient or new weights are not finite, naming the step, 1
  ///   being the first.
  public func callAsFunction(_ views: ImageBatch, step: Int) throws -> Result {
    // Mixed before either network sees it.
    let batch = Batch(views, lambda: lambda(step), device: device)
    guard let images = batch.student[resolution] else {
      throw TrainingError("no views were drawn at the student's \(resolution) pixels")
    }
    stopwatch?.begin()
    let target = try objective.target(batch)
    stopwatch?.lap("teacher")
    let loss = objective.loss(student(images, mode), target)
    let value = loss.item
    guard value.isFinite else {
      throw TrainingError("the loss is \(value) at step \(step + 1)")
    }
    loss.backward()
    stopwatch?.lap("student")
    let multiplier = schedule(step)
    let norms: UpdateNorms
    do {
      // Clips first.
      norms = try optimizer.update(multiplier: multiplier)
    } catch {
      throw TrainingError("\(error) at step \(step + 1)")
    }
    guard norms.parameters.isFinite, norms.update.isFinite else {
      throw TrainingError("the weights are no longer finite after step \(step + 1)")
    }
    stopwatch?.lap("optimizer")
    return Result(loss: value, multiplier: multiplier, norms: norms)
  }
}
