import FunMatchViews

/// The training loop: makes updates from one step to another, in order, of one student or of several side by side.
public struct Trainer {
  private let step: DistillationStep
  private let source: BatchSource

  /// Trains with the batches of `source`.
  public init(_ step: DistillationStep, _ source: BatchSource) {
    self.step = step
    self.source = source
  }

  /// Makes the updates of all participants. A student whose loss, gradient or weights are not finite takes part no longer.
  ///
  /// - Parameter afterStep: called after all have taken note of a step; false ends the loop.
  /// - Returns: whether all updates were made.
  /// - Throws: what the data set, the teachers and the participants throw.
  @discardableResult
  public func run(
    _ participants: [any Participant], afterStep: (Progress) throws -> Bool = { _ in true }
  ) throws -> Bool {
    // Told beforehand: what they have left changes with every step.
    let ranges = participants.map(\.steps)
    var failed: Set<Int> = []
    let first = ranges.map(\.lowerBound).min() ?? 0
    let last = ranges.map(\.upperBound).max() ?? 0
    for index in first..<last {
      let active = participants.indices.filter {
        ranges[$0].contains(index) && !failed.contains($0)
      }
      guard !active.isEmpty else { continue }
      let start = ContinuousClock.now
      let views = try source.batch(index)
      let waited = start.duration(to: .now).seconds
      let results = try step(views, step: index, active.map { participants[$0].learner })
      let updates = results.compactMap { try? $0.get() }
      let progress = Progress(
        stepsDone: index + 1,
        epoch: Double((index + 1) * source.batchSize) / Double(source.imageCount),
        images: source.batchSize, students: updates.count,
        seconds: start.duration(to: .now).seconds, waitedSeconds: waited,
        ownSeconds: updates.reduce(0) { $0 + $1.seconds })
      var goesOn = true
      var problem: (any Error)?
      for (participant, result) in zip(active, results) {
        if case .failure = result { failed.insert(participant) }
        do {
          goesOn = try participants[participant].take(result, progress) && goesOn
        } catch {
          // All have made the step: the others take note of it, too.
          problem = problem ?? error
        }
      }
      if let problem { throw problem }
      guard try afterStep(progress), goesOn else { return false }
    }
    return true
  }
}
