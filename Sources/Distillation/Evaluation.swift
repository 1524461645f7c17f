import FunMatchDatasets
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchTorch

/// What a network makes of a data set.
public struct Evaluation: Sendable, Equatable {
  /// Number of images.
  public var images: Int
  /// Share of labelled images whose most likely class is the label; `nil` without labels.
  public var top1: Double?
  /// Share of images on which the most likely class is the teacher's; `nil` without a teacher.
  public var agreement: Double?
  /// Mean KL(teacher ‖ network) at temperature 1; `nil` without a teacher.
  public var kl: Double?
  /// Images a second through the network alone.
  public var imagesPerSecond: Double
  /// The teacher's share of right answers; `nil` without labels or a teacher.
  public var teacherTop1: Double?
  /// Images a second through the teacher alone.
  public var teacherImagesPerSecond: Double?
}

/// Shows a data set's images to a network, in order and without any randomness.
public struct Evaluator {
  private let dataset: any Dataset
  private let batchSize: Int
  private let device: Device

  /// Evaluates on `dataset`.
  public init(_ dataset: any Dataset, batchSize: Int, device: Device) {
    self.dataset = dataset
    self.batchSize = batchSize
    self.device = device
  }

  /// A network and how images are prepared for it.
  public struct Subject {
    let model: any Model
    let preprocessing: Preprocessing
    let mode: Mode

    /// - Parameter precision: what its convolutions compute in.
    public init(_ model: any Model, _ preprocessing: Preprocessing, precision: DType) {
      self.model = model
      self.preprocessing = preprocessing
      mode = .evaluation(precision)
    }
  }

  /// Runs the whole data set through the network, and through the teacher if there is one.
  ///
  /// - Throws: the data set's error when an image cannot be read.
  public func callAsFunction(_ subject: Subject, teacher: Subject? = nil) throws -> Evaluation {
    var tally = Tally()
    for start in stride(from: 0, to: dataset.count, by: batchSize) {
      let range = start..<min(start + batchSize, dataset.count)
      let labels = range.map { dataset.label(at: $0) }
      let logits = try answer(subject, range, &tally.seconds)
      tally.count(logits, labels)
      guard let teacher else { continue }
      let others = try answer(teacher, range, &tally.teacherSeconds)
      tally.compare(logits, with: others, labels)
    }
    return tally.evaluation(images: dataset.count, hasTeacher: teacher != nil)
  }

  private func answer(
    _ subject: Subject, _ range: Range<Int>, _ seconds: inout Double
  ) throws -> Tensor {
    let size = subject.preprocessing.crop
    let prepare = EvaluationPreprocessing(resize: subject.preprocessing.resize, crop: size)
    var pixels = [UInt8](repeating: 0, count: range.count * size * size * 3)
    let bytes = size * size * 3
    try pixels.withUnsafeMutableBufferPointer { buffer in
      for (position, index) in range.enumerated() {
        let slot = buffer[position * bytes..<(position + 1) * bytes]
        try prepare.apply(
          to: dataset.image(at: index), into: UnsafeMutableBufferPointer(rebasing: slot))
      }
    }
    let images = Batch.scaled(pixels, count: range.count, size: size, device: device)
    device.synchronize()
    let start = ContinuousClock.now
    let logits = withInference { subject.model(images, subject.mode) }.to(.cpu)
    device.synchronize()
    seconds += start.duration(to: .now).seconds
    return logits
  }
}

/// Sums over the batches of an evaluation.
private struct Tally {
  var seconds = 0.0
  var teacherSeconds = 0.0
  private var labelled = 0
  private var right = 0
  private var teacherRight = 0
  private var agreed = 0
  private var kl = 0.0

  private func matches(_ logits: Tensor, _ labels: [Int?]) -> Int {
    zip(logits.argmax().array(as: Int64.self), labels).count { $1 != nil && Int($0) == $1 }
  }

  mutating func count(_ logits: Tensor, _ labels: [Int?]) {
    labelled += labels.count { $0 != nil }
    right += matches(logits, labels)
  }

  mutating func compare(_ logits: Tensor, with teacher: Tensor, _ labels: [Int?]) {
    teacherRight += matches(teacher, labels)
    agreed += agreement(student: logits, teacher: teacher).count { $0 }
    kl += Distance.kl(temperature: 1)(student: logits, teacher: teacher).sum().item
  }

  func evaluation(images: Int, hasTeacher: Bool) -> Evaluation {
    func share(_ count: Int) -> Double? { labelled > 0 ? Double(count) / Double(labelled) : nil }
    return Evaluation(
      images: images, top1: share(right),
      agreement: hasTeacher ? Double(agreed) / Double(images) : nil,
      kl: hasTeacher ? kl / Double(images) : nil,
      imagesPerSecond: Double(images) / max(seconds, 1e-9),
      teacherTop1: hasTeacher ? share(teacherRight) : nil,
      teacherImagesPerSecond: hasTeacher ? Double(images) / max(teacherSeconds, 1e-9) : nil)
  }
}
