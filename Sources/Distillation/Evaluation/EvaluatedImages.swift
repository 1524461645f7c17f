import FunMatchTorch

/// What metrics are given of some images of an evaluation.
public struct EvaluatedImages {
  /// One of the images.
  public struct Image: Sendable {
    /// The network's logits.
    public let logits: LogitRow
    /// The teacher's; `nil` without a teacher. Several teachers count as one.
    public let teacher: LogitRow?
    /// Its class; `nil` where nobody labelled it.
    public let label: Int?
  }

  /// The network's logits, (N, classes), on the CPU.
  public let logits: Tensor
  /// The teacher's, (N, classes); `nil` without a teacher.
  public let teacherLogits: Tensor?
  /// The images one by one.
  public let images: [Image]

  /// - Precondition: there are as many labels as rows of logits, and each is one of the classes.
  init(_ logits: Tensor, teacher: Tensor?, labels: [Int?]) {
    precondition(
      logits.shape.count == 2 && logits.shape[0] == labels.count
        && teacher.map { $0.shape == logits.shape } ?? true,
      "logits \(logits.shape) of \(labels.count) images, or a teacher's \(teacher?.shape ?? [])")
    let classes = logits.shape[1]
    precondition(
      labels.allSatisfy { $0.map { (0..<classes).contains($0) } ?? true },
      "a label is beyond the \(classes) classes")
    (self.logits, teacherLogits) = (logits, teacher)
    let rows = LogitRow.rows(logits)
    let teachers = teacher.map { LogitRow.rows($0) }
    images = rows.indices.map { place in
      Image(logits: rows[place], teacher: teachers?[place], label: labels[place])
    }
  }

  private init(_ logits: Tensor, _ images: [Image]) {
    (self.logits, teacherLogits, self.images) = (logits, nil, images)
  }

  /// The teacher in the network's place, on its own; `nil` without a teacher.
  var ofTeacher: EvaluatedImages? {
    guard let teacherLogits else { return nil }
    return EvaluatedImages(
      teacherLogits,
      images.compactMap { image in
        image.teacher.map { Image(logits: $0, teacher: nil, label: image.label) }
      })
  }
}
