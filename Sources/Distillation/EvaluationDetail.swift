/// What a network makes of each class of a data set, from its labelled images.
public struct EvaluationDetail: Sendable {
  /// The labelled images of a class.
  public struct Class: Sendable, Equatable {
    /// Number of images.
    public var images = 0
    /// On how many of them the class is the most likely one.
    public var right = 0
    /// Share of right answers; `nil` without images.
    public var top1: Double? { images > 0 ? Double(right) / Double(images) : nil }
  }

  /// Every class, in the order of the logits.
  public private(set) var classes: [Class]
  /// How far its confidence can be trusted.
  public private(set) var calibration = Calibration()
  // A table of all pairs would be large where there are many classes.
  private var pairs: [(label: Int32, choice: Int32)] = []

  init(classes: Int) { self.classes = Array(repeating: Class(), count: classes) }

  /// Adds an image.
  mutating func count(label: Int, choice: Int, confidence: Double, isRight: Bool) {
    classes[label].images += 1
    classes[label].right += isRight ? 1 : 0
    calibration.count(confidence: confidence, isRight: isRight)
    pairs.append((Int32(label), Int32(choice)))
  }

  /// How many images of class i (row) are taken for class j (column).
  public var confusion: [[Int]] {
    var table = Array(repeating: [Int](repeating: 0, count: classes.count), count: classes.count)
    for pair in pairs { table[Int(pair.label)][Int(pair.choice)] += 1 }
    return table
  }
}
