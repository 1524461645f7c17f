/// What the parts of a step take: measured here, or told of a machine and of networks that are not here.
public struct StepCosts: Codable, Sendable, Equatable {
  /// Seconds, or bytes, of so many images at a time.
  public struct Line: Codable, Sendable, Equatable {
    /// Whatever the number of images.
    public var fixed: Double
    /// For each image.
    public var perImage: Double

    /// Both named.
    public init(fixed: Double = 0, perImage: Double) {
      (self.fixed, self.perImage) = (fixed, perImage)
    }

    /// Through two measurements; a straight line never falls.
    ///
    /// - Precondition: the numbers of images differ.
    public init(_ one: (images: Int, value: Double), _ other: (images: Int, value: Double)) {
      let slope = (other.value - one.value) / Double(other.images - one.images)
      perImage = max(0, slope)
      fixed = max(0, other.value - perImage * Double(other.images))
    }

    /// The value for so many images.
    public func callAsFunction(_ images: Int) -> Double { fixed + perImage * Double(images) }
  }

  /// Seconds of all teachers' logits.
  public var teachers: Line
  /// Seconds of the student, forward, backward and update.
  public var student: Line
  /// Seconds of a core for the views of an image; `nil` where nobody knows.
  public var input: Double?
  /// Bytes of the gradients.
  public var gradientBytes: Int
  /// Layers whose statistics are those of all processes: each waits for the others twice a part.
  public var sharedLayers: Int
  /// Bytes of memory of a process; `nil` where nobody knows.
  public var memory: Line?

  /// All named.
  public init(
    teachers: Line, student: Line, input: Double?, gradientBytes: Int, sharedLayers: Int,
    memory: Line?
  ) {
    (self.teachers, self.student, self.input) = (teachers, student, input)
    (self.gradientBytes, self.sharedLayers, self.memory) = (gradientBytes, sharedLayers, memory)
  }
}
