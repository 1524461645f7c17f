extension Trainer {
  /// How long a step took.
  public struct Progress: Sendable {
    /// Number of updates made so far: that of this step plus one.
    public let stepsDone: Int
    /// Passes over the data so far.
    public let epoch: Double
    /// Images of the step.
    public let images: Int
    /// Number of students that it was for.
    public let students: Int
    /// Seconds of the whole step, drawing the views included.
    public let seconds: Double
    /// Seconds of the step in which the engine waited for its images.
    public let waitedSeconds: Double
    /// Seconds that went into one student each.
    public let ownSeconds: Double

    /// Seconds of the step in which images were mixed and teachers computed. A device that works on while
    /// the program does may count some of it as the students'.
    public var teacherSeconds: Double { max(0, seconds - waitedSeconds - ownSeconds) }

    /// Images a second that a student makes: in its own time and its share of what all have in common.
    public func imagesPerSecond(_ update: Learner.Update) -> Double {
      let common = max(0, seconds - ownSeconds) / Double(max(1, students))
      return Double(images) / max(update.seconds + common, 1e-9)
    }
  }
}
