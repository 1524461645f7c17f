import FunMatchTorch

/// Sums over the images of an evaluation, in double precision on the CPU.
public struct Tally {
  /// Seconds that the network took for the images.
  public var seconds = 0.0
  /// Seconds that its teachers took.
  public var teacherSeconds = 0.0
  private let classes: Int
  private let isDetailed: Bool
  private var images = 0
  private var network: NetworkTally
  private var teacher: NetworkTally?
  private var agreed = 0
  private var agreedTop5 = 0
  private var kl = 0.0
  private var euclidean = 0.0

  /// No images yet, of networks with this many classes.
  ///
  /// - Parameter detailed: whether `detail` and `teacherDetail` are wanted.
  public init(classes: Int, detailed: Bool = false) {
    self.classes = classes
    isDetailed = detailed
    network = NetworkTally(classes: classes, detailed: detailed)
  }

  /// Adds images.
  ///
  /// - Parameters:
  ///   - logits: what the network says, (N, classes).
  ///   - labels: N classes, each in 0 ..< classes; `nil` where nobody labelled the image.
  ///   - teacher: what the teacher says, (N, classes), of all images or of none.
  public mutating func count(_ logits: Tensor, _ labels: [Int?], teacher: Tensor? = nil) {
    precondition(
      logits.shape == [labels.count, classes] && teacher.map { $0.shape == logits.shape } ?? true,
      "logits \(logits.shape) of \(labels.count) images and \(classes) classes, or a teacher's")
    precondition(
      labels.allSatisfy { $0.map { (0..<classes).contains($0) } ?? true },
      "a label is beyond the \(classes) classes")
    images += labels.count
    LogitRow.of(logits) { rows in
      for (row, label) in zip(rows, labels) { network.count(row, label) }
      guard let teacher else { return }
      LogitRow.of(teacher) { compare(rows, with: $0, labels) }
    }
  }

  private mutating func compare(
    _ rows: [LogitRow], with teachers: [LogitRow], _ labels: [Int?]
  ) {
    var tally = teacher ?? NetworkTally(classes: classes, detailed: isDetailed)
    // Not two that are changed: lists of images would be copied.
    teacher = nil
    for (place, row) in teachers.enumerated() {
      tally.count(row, labels[place])
      let rank = rows[place].rank(of: row.choice)
      agreed += rank < 1 ? 1 : 0
      agreedTop5 += rank < 5 ? 1 : 0
      let distances = row.distances(to: rows[place])
      kl += distances.kl
      euclidean += distances.euclidean
    }
    teacher = tally
  }

  /// The figures.
  public var evaluation: Evaluation {
    var evaluation = Evaluation(
      images: images, top1: network.top1, top5: network.top5, loss: network.meanLoss,
      entropy: network.meanEntropy(images), imagesPerSecond: speed(seconds))
    guard let teacher else { return evaluation }
    let count = Double(max(images, 1))
    evaluation.agreement = Double(agreed) / count
    evaluation.agreementTop5 = Double(agreedTop5) / count
    evaluation.kl = kl / count
    evaluation.euclidean = euclidean / count
    evaluation.teacherTop1 = teacher.top1
    evaluation.teacherTop5 = teacher.top5
    evaluation.teacherLoss = teacher.meanLoss
    evaluation.teacherEntropy = teacher.meanEntropy(images)
    evaluation.teacherImagesPerSecond = speed(teacherSeconds)
    return evaluation
  }

  /// The network's classes, if they were asked for; `nil` without labels.
  public var detail: EvaluationDetail? { network.detail }

  /// The teacher's classes likewise; `nil` without a teacher.
  public var teacherDetail: EvaluationDetail? { teacher?.detail }

  private func speed(_ seconds: Double) -> Double { Double(images) / max(seconds, 1e-9) }
}
