/// The views of one step, ready for the engine.
public struct ImageBatch: Sendable {
  /// What the student sees, by resolution: the same views at each.
  public let student: [Int: Pixels]
  /// What the teachers see, by resolution, where it is not what the student sees; empty where they
  /// share its views or run no forward pass.
  public let teacher: [Int: Pixels]
  /// Number of images.
  public let count: Int
  /// Places of the images in their data set.
  public let indices: [Int]
  /// Class of each image; `nil` where nobody labelled it.
  public let labels: [Int?]

  /// - Precondition: everything tells of `count` images.
  public init(
    student: [Int: Pixels], teacher: [Int: Pixels] = [:], indices: [Int], labels: [Int?]
  ) {
    count = indices.count
    precondition(labels.count == count)
    for (size, pixels) in Array(student) + Array(teacher) {
      precondition(pixels.count == indices.count && pixels.size == size)
    }
    self.student = student
    self.teacher = teacher
    self.indices = indices
    self.labels = labels
  }
}
