import FunMatchModels
import FunMatchOptimizers
import FunMatchTorch
import FunMatchViews

/// One update of a student, or of several side by side: mix, ask the teachers, ask the student,
/// compare, backward, clip, step. Images are mixed and teachers asked once, however many students
/// there are; none of them shows in another's weights.
///
/// Source: big_vision `trainers/proj/distill/distill.py`, `update_fn`.
public struct DistillationStep {
  let teachers: any Teachers
  let lambda: (Int) -> Double
  let resolution: Int
  let device: Device
  /// Most images that the networks are given at a time; `nil`: the whole batch. A batch in several
  /// parts has the gradient that it has as a whole, but for the order of summation, and takes the
  /// memory of a part.
  public var microBatchSize: Int?
  /// Measures the parts of steps, if one is wanted.
  public var stopwatch: Stopwatch?

  /// - Parameters:
  ///   - lambda: mixup's λ of a step, such as `Mixup.lambda(step:)`.
  ///   - resolution: the students' input size in pixels.
  public init(
    asking teachers: any Teachers, lambda: @escaping (Int) -> Double, resolution: Int,
    device: Device
  ) {
    self.teachers = teachers
    self.lambda = lambda
    self.resolution = resolution
    self.device = device
  }

  /// Makes update `step` of one student, 0 being the first.
  ///
  /// - Throws: `TrainingError` when loss, gradient or new weights are not finite, naming the step, 1
  ///   being the first.
  @discardableResult
  public func callAsFunction(
    _ views: ImageBatch, step: Int, _ learner: Learner
  ) throws -> Learner.Update {
    try self(views, step: step, [learner])[0].get()
  }

  /// Makes update `step` of each student, 0 being the first.
  ///
  /// - Returns: in their order, what each update did, or why it was not made: a loss, gradient or new
  ///   weights that are not finite are that student's affair alone.
  /// - Throws: what the teachers throw.
  public func callAsFunction(
    _ views: ImageBatch, step: Int, _ learners: [Learner]
  ) throws -> [Result<Learner.Update, TrainingError>] {
    var losses = learners.map { _ in Result<Double, TrainingError>.success(0) }
    var seconds = learners.map { _ in 0.0 }
    try forEachPart(of: views, step: step) { images, answers, batch in
      for (index, learner) in learners.enumerated() {
        let start = ContinuousClock.now
        losses[index] = losses[index].flatMap { sum in
          catching {
            sum + (try Self.learn(learner, images, answers, batch, step: step))
          }
        }
        seconds[index] += start.duration(to: .now).seconds
      }
      stopwatch?.lap("student")
    }
    let updates = zip(learners, losses).enumerated().map { index, pair in
      pair.1.flatMap { loss in
        catching {
          let start = ContinuousClock.now
          var update = try Self.update(pair.0, loss: loss, step: step)
          update.seconds = seconds[index] + start.duration(to: .now).seconds
          return update
        }
      }
    }
    stopwatch?.lap("optimizer")
    return updates
  }

  /// Adds the gradient of the mean loss over the batch to a student's parameters.
  ///
  /// - Returns: the mean loss.
  /// - Throws: `TrainingError` when it is not finite.
  public func accumulateGradients(
    _ views: ImageBatch, step: Int, _ learner: Learner
  ) throws -> Double {
    var total = 0.0
    try forEachPart(of: views, step: step) { images, answers, batch in
      total += try Self.learn(learner, images, answers, batch, step: step)
    }
    return total
  }

  /// Calls `body` with the images that students see of each part of the batch, and what the teachers
  /// say of it.
  private func forEachPart(
    of views: ImageBatch, step: Int, _ body: (Tensor, [Tensor], Batch) throws -> Void
  ) throws {
    let size = microBatchSize ?? views.count
    for start in stride(from: 0, to: views.count, by: size) {
      let rows = start..<min(start + size, views.count)
      // Mixed before any network sees it.
      let batch = Batch(views, rows: rows, lambda: lambda(step), device: device)
      guard let images = batch.student[resolution] else {
        throw TrainingError("no views were drawn at the student's \(resolution) pixels")
      }
      stopwatch?.begin()
      let answers = try teachers.answers(batch, step: step)
      stopwatch?.lap("teacher")
      try body(images, answers, batch)
    }
  }

  /// Adds the gradient of a part of the mean loss over the batch to a student's parameters.
  ///
  /// - Returns: that part of the loss.
  private static func learn(
    _ learner: Learner, _ images: Tensor, _ answers: [Tensor], _ batch: Batch, step: Int
  ) throws -> Double {
    var loss = try learner.objective.loss(learner.student(images, learner.mode), answers, batch)
    if batch.rows.count < batch.stepCount {
      loss = loss * (Double(batch.rows.count) / Double(batch.stepCount))
    }
    let value = loss.item
    guard value.isFinite else {
      throw TrainingError("the loss is \(value.isNaN ? "nan" : "\(value)") at step \(step + 1)")
    }
    loss.backward()
    return value
  }

  /// Clips the gradient and updates the weights.
  private static func update(
    _ learner: Learner, loss: Double, step: Int
  ) throws -> Learner.Update {
    let multiplier = learner.schedule(step)
    let norms: UpdateNorms
    do {
      norms = try learner.optimizer.update(multiplier: multiplier)
    } catch {
      throw TrainingError("\(error) at step \(step + 1)")
    }
    guard norms.parameters.isFinite, norms.update.isFinite else {
      throw TrainingError("the weights are no longer finite after step \(step + 1)")
    }
    learner.average?.update(from: learner.student, count: step + 1)
    return Learner.Update(loss: loss, multiplier: multiplier, norms: norms)
  }

  private func catching<T>(_ body: () throws -> T) -> Result<T, TrainingError> {
    do {
      return .success(try body())
    } catch {
      return .failure(error as? TrainingError ?? TrainingError("\(error)"))
    }
  }
}
