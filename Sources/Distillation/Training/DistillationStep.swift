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
  /// The processes that make a step together. Each has its share of every part of the batch, so that a part, and with it
  /// batch statistics, are the same for any number of them. `nil`: this one alone.
  public var group: ProcessGroup?
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
    try forEachPart(of: views, step: step) { images, teacherLogits, batch, isLast in
      for (index, learner) in learners.enumerated() {
        guard case .success(let sum) = losses[index] else { continue }
        let start = ContinuousClock.now
        losses[index] = try catching {
          let loss = try Self.loss(learner, images, teacherLogits, batch)
          return try backward(learner, loss, after: sum, step: step, isLast: isLast)
        }
        seconds[index] += start.duration(to: .now).seconds
      }
      stopwatch?.lap("student")
    }
    let updates = try zip(learners, losses).enumerated().map { index, pair in
      // Waits for the others, who find out together whether it is finite.
      let sum = try pair.0.buckets?.finish().loss
      return pair.1.flatMap { loss in
        Self.catching {
          let start = ContinuousClock.now
          var update = try pair.0.update(
            loss: TrainingError.checked(loss: sum ?? loss, step: step), step: step)
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
    of views: ImageBatch, step: Int,
    _ body: (Tensor, [Tensor], Batch, _ isLast: Bool) throws -> Void
  ) throws {
    for part in Self.parts(of: views.stepCount, microBatchSize) {
      let rows = group?.share(of: part) ?? part
      // Mixed before any network sees it.
      let batch = Batch(views, rows: rows, lambda: lambda(step), device: device)
      guard let images = batch.student[resolution] else {
        throw TrainingError("no views were drawn at the student's \(resolution) pixels")
      }
      stopwatch?.begin()
      let teacherLogits = try teachers.logits(batch, step: step)
      stopwatch?.lap("teacher")
      try body(images, teacherLogits, batch, part.upperBound == views.stepCount)
    }
  }

  /// The parts that a batch is made in.
  package static func parts(of count: Int, _ size: Int?) -> [Range<Int>] {
    let size = size ?? count
    return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }

  /// The share of some images in the mean loss over the batch.
  private static func loss(
    _ learner: Learner, _ images: Tensor, _ teacherLogits: [Tensor], _ batch: Batch
  ) throws -> Tensor {
    let logits = learner.student(images, learner.mode)
    let loss = try loss(learner.objective, logits, teacherLogits, batch)
    guard batch.rows.count < batch.stepCount else { return loss }
    return loss * (Double(batch.rows.count) / Double(batch.stepCount))
  }

  /// Adds the gradient of a part of the loss to a student's parameters.
  ///
  /// - Returns: the loss up to here.
  private func backward(
    _ learner: Learner, _ loss: Tensor, after earlier: Double, step: Int, isLast: Bool
  ) throws -> Double {
    let sum = earlier + loss.item
    // One process alone does not know what the others have: it goes on, and the sum tells all of them.
    if group == nil { _ = try TrainingError.checked(loss: sum, step: step) }
    if isLast { learner.buckets?.begin(loss: sum) }
    loss.backward()
    return sum
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

  /// A student's affair alone; what one of several processes meets is that of all.
  private func catching<T>(_ body: () throws -> T) throws -> Result<T, TrainingError> {
    group == nil ? Self.catching(body) : .success(try body())
  }

  private static func catching<T>(_ body: () throws -> T) -> Result<T, TrainingError> {
    Result(catching: body).mapError { $0 as? TrainingError ?? TrainingError("\($0)") }
  }
}
