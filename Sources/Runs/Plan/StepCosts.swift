/// What the parts of a step take: measured here, or told of a machine and of networks that are not here.
public struct StepCosts: Codable, Sendable, Equatable {
  /// Seconds, or bytes, of so many images at a time: straight lines between what was measured.
  public struct Line: Codable, Sendable, Equatable {
    /// What so many images take.
    public struct Point: Codable, Sendable, Equatable {
      /// At least 1.
      public let images: Int
      /// Of all of them.
      public let value: Double

      /// Both named.
      public init(images: Int, value: Double) { (self.images, self.value) = (images, value) }
    }

    /// From few images to many; at least one.
    public let points: [Point]

    /// Through what was measured.
    ///
    /// - Precondition: there are points, and no two of as many images.
    public init(_ points: [Point]) {
      precondition(!points.isEmpty)
      self.points = points.sorted { $0.images < $1.images }
    }

    /// As much for every image, and something however many there are.
    public init(fixed: Double = 0, perImage: Double) {
      self.init([1, 2].map { Point(images: $0, value: fixed + Double($0) * perImage) })
    }

    /// Between this line (0) and another (1).
    func mixed(with other: Line, _ share: Double) -> Line {
      let all = Set((points + other.points).map(\.images))
      return Line(
        all.map { Point(images: $0, value: self($0) + share * (other($0) - self($0))) })
    }

    /// The value for so many images; beyond what was measured the last line goes on.
    public func callAsFunction(_ images: Int) -> Double {
      guard points.count > 1 else {
        return points[0].value * Double(images) / Double(points[0].images)
      }
      let end = points.dropFirst().first { $0.images >= images } ?? points[points.count - 1]
      let start = points.last { $0.images < end.images } ?? points[0]
      let slope = (end.value - start.value) / Double(end.images - start.images)
      return max(0, end.value + Double(images - end.images) * max(0, slope))
    }
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

  /// Between these costs (0) and others of the same recipe (1).
  func mixed(with other: StepCosts, _ share: Double) -> StepCosts {
    var costs = self
    costs.teachers = teachers.mixed(with: other.teachers, share)
    costs.student = student.mixed(with: other.student, share)
    costs.input = input.map { $0 + share * ((other.input ?? $0) - $0) }
    return costs
  }

  /// All named.
  public init(
    teachers: Line, student: Line, input: Double?, gradientBytes: Int, sharedLayers: Int,
    memory: Line?
  ) {
    (self.teachers, self.student, self.input) = (teachers, student, input)
    (self.gradientBytes, self.sharedLayers, self.memory) = (gradientBytes, sharedLayers, memory)
  }
}
