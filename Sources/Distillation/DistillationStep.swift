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
  let optimizer: any Optimizer
  let schedule: Schedule
  let lambda: (Int) -> Double
  let resolution: Int
  let mode: Mode
  let device: Device
  /// Most images that the networks are given at a time; `nil`: the whole batch. A batch in several
  /// parts has the gradient that it has as a whole, but for the order of summation, and takes the
  /// memory of a part.
  public var microBatchSize: Int?
  /// Follows the student, if one is wanted.
  public var average: AveragedModel?
  /// Measures the parts of steps, if one is wanted.
  public var stopwatch: Stopwatch?

  /// - Parameters:
  ///   - student: on `device`, its parameters requiring gradients.
  ///   - lambda: mixup's λ of a step, such as `Mixup.lambda(step:)`.
  ///   - resolution: the student's input size in pixels.
  ///   - precision: what the student's convolutions compute in.
  public init(
    student: any Model, objective: any Objective, optimizer: any Optimizer, schedule: Schedule,
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
    let loss = try accumulateGradients(views, step: step)
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
    average?.update(from: student, count: step + 1)
    stopwatch?.lap("optimizer")
    return Result(loss: loss, multiplier: multiplier, norms: norms)
  }

  /// Adds the gradient of the mean loss over the batch to the student's parameters.
  ///
  /// - Returns: the mean loss.
  /// - Throws: `TrainingError` when it is not finite.
  public func accumulateGradients(_ views: ImageBatch, step: Int) throws -> Double {
    let size = microBatchSize ?? views.count
    var total = 0.0
    for start in stride(from: 0, to: views.count, by: size) {
      let rows = start..<min(start + size, views.count)
      // Mixed before either network sees it.
      let batch = Batch(views, rows: rows, lambda: lambda(step), device: device)
      guard let images = batch.student[resolution] else {
        throw TrainingError("no views were drawn at the student's \(resolution) pixels")
      }
      stopwatch?.begin()
      let target = try objective.target(batch)
      stopwatch?.lap("teacher")
      var loss = objective.loss(student(images, mode), target)
      if rows.count < views.count { loss = loss * (Double(rows.count) / Double(views.count)) }
      let value = loss.item
      guard value.isFinite else {
        throw TrainingError("the loss is \(value) at step \(step + 1)")
      }
      total += value
      loss.backward()
      stopwatch?.lap("student")
    }
    return total
  }
}
