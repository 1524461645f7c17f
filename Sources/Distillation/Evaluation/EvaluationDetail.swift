import FunMatchTorch

/// What a network makes of each class of a data set, from its labelled images.
public struct EvaluationDetail: Sendable {
  /// The labelled images of a class.
  public struct Class: Sendable, Equatable {
    /// Number of images.
    public var images = 0
    /// On how many of them the class is the most likely one.
    public var right = 0
    /// Share of images whose largest logit is that of their label; `nil` without images.
    public var top1: Double? { images > 0 ? Double(right) / Double(images) : nil }
  }

  /// Every class, in the order of the logits.
  public private(set) var classes: [Class]
  /// How far its confidence can be trusted.
  public private(set) var calibration = Calibration()
  // A table of all pairs would be large where there are many classes.
  private var pairs: [(label: Int32, choice: Int32)] = []

  /// No images yet.
  package init(classes: Int) { self.classes = Array(repeating: Class(), count: classes) }

  /// Adds images, as `MetricTally` does.
  package mutating func add(_ logits: Tensor, _ labels: [Int?]) {
    add(EvaluatedImages(logits, teacher: nil, labels: labels))
  }

  /// Adds those of the images that have labels.
  mutating func add(_ images: EvaluatedImages) {
    calibration.add(images)
    for image in images.images {
      guard let label = image.label else { continue }
      classes[label].images += 1
      classes[label].right += image.logits.rank(of: label) < 1 ? 1 : 0
      pairs.append((Int32(label), Int32(image.logits.choice)))
    }
  }

  /// Whether no image had a label.
  var isEmpty: Bool { pairs.isEmpty }

  /// How many images of class i (row) are taken for class j (column).
  public var confusion: [[Int]] {
    var table = Array(repeating: [Int](repeating: 0, count: classes.count), count: classes.count)
    for pair in pairs { table[Int(pair.label)][Int(pair.choice)] += 1 }
    return table
  }
}
