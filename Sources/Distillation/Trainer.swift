import FunMatchViews

/// Makes updates from one step to another, in order.
public struct Trainer {
  /// What a step did and how long it took.
  public struct Progress: Sendable {
    /// Number of updates made so far: that of this step plus one.
    public let stepsDone: Int
    /// Passes over the data so far.
    public let epoch: Double
    /// What the update did.
    public let result: DistillationStep.Result
    /// Images a second, drawing the views included.
    public let imagesPerSecond: Double
    /// Seconds of the step in which the engine waited for its images.
    public let waitedSeconds: Double
  }

  private let step: DistillationStep
  private let source: BatchSource

  /// Trains with the batches of `source`.
  public init(_ step: DistillationStep, _ source: BatchSource) {
    self.step = step
    self.source = source
  }

  /// Makes the updates `steps`, calling `after` after each; it ends the loop early by returning
  /// false.
  ///
  /// - Throws: what a step throws (`TrainingError` for a loss that is not finite), the data set and
  ///   `after` do.
  public func run(_ steps: Range<Int>, after: (Progress) throws -> Bool) throws {
    for index in steps {
      let start = ContinuousClock.now
      let views = try source.batch(index)
      let waited = start.duration(to: .now).seconds
      let result = try step(views, step: index)
      let seconds = start.duration(to: .now).seconds
      let images = (index + 1) * source.batchSize
      let progress = Progress(
        stepsDone: index + 1, epoch: Double(images) / Double(source.imageCount), result: result,
        imagesPerSecond: Double(source.batchSize) / max(seconds, 1e-9), waitedSeconds: waited)
      guard try after(progress) else { return }
    }
  }
}
