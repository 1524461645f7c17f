import FunMatchViews

/// Makes updates from one step to another, in order, of one student or of several side by side.
public struct Trainer {
  /// A student, and the updates that it still has to make.
  public struct Participant {
    let learner: Learner
    let steps: Range<Int>

    /// - Parameter steps: those to be made, 0 being the first of all.
    public init(_ learner: Learner, steps: Range<Int>) {
      self.learner = learner
      self.steps = steps
    }
  }

  /// What a step did and how long it took.
  public struct Progress: Sendable {
    /// Number of updates made so far: that of this step plus one.
    public let stepsDone: Int
    /// Passes over the data so far.
    public let epoch: Double
    /// What each student's update did, or why it takes part no longer; by the participants' order, without those
    /// whose turn it was not.
    public let updates: [(participant: Int, result: Result<Learner.Update, TrainingError>)]
    /// Images of the step.
    public let images: Int
    /// Seconds of the whole step, drawing the views included.
    public let seconds: Double
    /// Seconds of the step in which the engine waited for its images.
    public let waitedSeconds: Double

    /// Seconds of the step in which images were mixed and teachers asked. A device that works on while
    /// the program does may count some of it as the students'.
    public var teacherSeconds: Double {
      max(0, seconds - waitedSeconds - ownSeconds.reduce(0, +))
    }

    /// Images a second that a student makes: in its own time and its share of what all have in common.
    public func imagesPerSecond(_ update: Learner.Update) -> Double {
      let own = ownSeconds
      let common = max(0, seconds - own.reduce(0, +)) / Double(max(1, own.count))
      return Double(images) / max(update.seconds + common, 1e-9)
    }

    private var ownSeconds: [Double] { updates.compactMap { try? $0.result.get().seconds } }
  }

  private let step: DistillationStep
  private let source: BatchSource

  /// Trains with the batches of `source`.
  public init(_ step: DistillationStep, _ source: BatchSource) {
    self.step = step
    self.source = source
  }

  /// Makes the updates of all participants, calling `after` after each step; it ends the loop early
  /// by returning false. A student whose loss, gradient or weights are not finite takes part no longer.
  ///
  /// - Throws: what the data set, the teachers and `after` throw.
  public func run(_ participants: [Participant], after: (Progress) throws -> Bool) throws {
    var failed: Set<Int> = []
    let first = participants.map(\.steps.lowerBound).min() ?? 0
    let last = participants.map(\.steps.upperBound).max() ?? 0
    for index in first..<last {
      let active = participants.indices.filter {
        participants[$0].steps.contains(index) && !failed.contains($0)
      }
      guard !active.isEmpty else { continue }
      let start = ContinuousClock.now
      let views = try source.batch(index)
      let waited = start.duration(to: .now).seconds
      let results = try step(views, step: index, active.map { participants[$0].learner })
      for (participant, result) in zip(active, results) {
        if case .failure = result { failed.insert(participant) }
      }
      let progress = Progress(
        stepsDone: index + 1,
        epoch: Double((index + 1) * source.batchSize) / Double(source.imageCount),
        updates: Array(zip(active, results)), images: source.batchSize,
        seconds: start.duration(to: .now).seconds, waitedSeconds: waited)
      guard try after(progress) else { return }
    }
  }
}
