/// The views of one step, ready for the engine: all of the step's, or those of some rows.
public struct ImageBatch: Sendable {
  /// What the student sees, by resolution: the same views at each.
  public let student: [Int: Pixels]
  /// What the teachers see, by resolution, where it is not what the student sees; empty where they
  /// share its views or run no forward pass.
  public let teacher: [Int: Pixels]
  /// Number of images that are here.
  public let count: Int
  /// Which rows of the step's images these are, in ascending order.
  public let rows: [Int]
  /// Number of images of the whole step.
  public let stepCount: Int
  /// Places of the images in their data set.
  public let indices: [Int]
  /// Class of each image; `nil` where nobody labelled it.
  public let labels: [Int?]

  /// - Parameters:
  ///   - rows: which of the step's images these are, ascending; all of them without it.
  ///   - stepCount: how many images the step has.
  /// - Precondition: everything tells of `count` images.
  public init(
    student: [Int: Pixels], teacher: [Int: Pixels] = [:], indices: [Int], labels: [Int?],
    rows: [Int]? = nil, stepCount: Int? = nil
  ) {
    count = indices.count
    self.rows = rows ?? Array(indices.indices)
    self.stepCount = stepCount ?? count
    precondition(labels.count == count && self.rows.count == count)
    for (size, pixels) in Array(student) + Array(teacher) {
      precondition(pixels.count == indices.count && pixels.size == size)
    }
    self.student = student
    self.teacher = teacher
    self.indices = indices
    self.labels = labels
  }

  /// Where a row of the step is among those that are here; `nil` where it is not.
  public func place(of row: Int) -> Int? { count == stepCount ? row : rows.firstIndex(of: row) }
}
