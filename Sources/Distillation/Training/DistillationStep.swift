import FunMatchTorch
import FunMatchViews

/// One update of a student, or of several side by side: mix, the teachers' logits, the student's logits, distance,
/// backward, clip, step. Images are mixed and teachers computed once, however many students there are; none of them shows
/// in another's weights.
///
/// Source: big_vision `trainers/proj/distill/distill.py`, `loss_fn` and `update_fn`.
public struct DistillationStep {
  let teachers: any TeacherLogits
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
    _ teachers: any TeacherLogits, lambda: @escaping (Int) -> Double, resolution: Int,
    device: Device
  ) {
    (self.teachers, self.lambda) = (teachers, lambda)
    (self.resolution, self.device) = (resolution, device)
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
    try forEachPart(of: views, step: step) { images, teacherLogits, batch in
      for (index, learner) in learners.enumerated() {
        let start = ContinuousClock.now
        losses[index] = losses[index].flatMap { sum in
          catching {
            sum + (try Self.backward(learner, images, teacherLogits, batch, step: step))
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
          var update = try pair.0.update(loss: loss, step: step)
          update.seconds = seconds[index] + start.duration(to: .now).seconds
          return update
        }
      }
    }
    stopwatch?.lap("optimizer")
    return updates
  }

  /// Calls `body` with the images that students see of each part of the batch, and the teachers' logits.
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
      let teacherLogits = try teachers.logits(batch, step: step)
      stopwatch?.lap("teacher")
      try body(images, teacherLogits, batch)
    }
  }

  /// Adds the gradient of a part of the mean loss over the batch to a student's parameters.
  ///
  /// - Returns: that part of the loss.
  private static func backward(
    _ learner: Learner, _ images: Tensor, _ teacherLogits: [Tensor], _ batch: Batch, step: Int
  ) throws -> Double {
    let logits = learner.student(images, learner.mode)
    var loss = try loss(learner.objective, logits, teacherLogits, batch)
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

  /// The mean loss over a batch, a scalar: with several teachers the weighted sum of the mean distances to each, unless
  /// they are combined first.
  ///
  /// - Parameters:
  ///   - logits: the student's, (N, classes).
  ///   - teacherLogits: each teacher's, (N, classes); none in supervised training.
  /// - Throws: `TrainingError` when labels are needed and an image has none.
  public static func loss(
    _ objective: Objective, _ logits: Tensor, _ teacherLogits: [Tensor], _ batch: Batch
  ) throws -> Tensor {
    let (distance, ensemble, alpha) = (objective.distance, objective.ensemble, objective.alpha)
    let labelLoss = try objective.labels?(logits, batch)
    if let labelLoss, alpha == 1 { return labelLoss }
    func mean(_ teacher: Tensor) -> Tensor {
      distance(student: logits, teacher: teacher).mean()
    }
    let loss: Tensor
    if ensemble.combination == .distances {
      let terms = zip(teacherLogits, ensemble.weights).map { teacher, weight in
        weight == 1 ? mean(teacher) : mean(teacher) * weight
      }
      loss = terms.dropFirst().reduce(terms[0]) { $0 + $1 }
    } else {
      loss = mean(ensemble.combined(teacherLogits, temperature: distance.value.temperature))
    }
    return labelLoss.map { loss * (1 - alpha) + $0 * alpha } ?? loss
  }

  private func catching<T>(_ body: () throws -> T) -> Result<T, TrainingError> {
    Result(catching: body).mapError { $0 as? TrainingError ?? TrainingError("\($0)") }
  }
}
