import FunMatchDatasets
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchTorch

/// Shows a data set's images to networks, in order and without any randomness, and compares what they
/// say with labels and with a teacher. The teacher is asked once and its logits are kept.
public final class Evaluator {
  private let dataset: any Dataset
  private let teacher: Subject?
  private let batchSize: Int
  private let device: Device
  private var teacherLogits: [Int: Tensor] = [:]
  private var teacherSeconds = 0.0

  /// Evaluates on `dataset`, `batchSize` images a forward pass.
  public init(
    _ dataset: any Dataset, teacher: Subject? = nil, batchSize: Int, device: Device
  ) {
    self.dataset = dataset
    self.teacher = teacher
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

  /// Runs the whole data set through the network.
  ///
  /// - Throws: the data set's error when an image cannot be read.
  public func callAsFunction(_ subject: Subject) throws -> Evaluation {
    var tally = Tally()
    var seconds = 0.0
    for start in stride(from: 0, to: dataset.count, by: batchSize) {
      let range = start..<min(start + batchSize, dataset.count)
      let labels = range.map { dataset.label(at: $0) }
      let logits = try answer(subject, range, &seconds)
      tally.count(logits, labels)
      guard let teacher else { continue }
      let others = try teacherLogits[start] ?? answer(teacher, range, &teacherSeconds)
      teacherLogits[start] = others
      tally.compare(logits, with: others, labels)
    }
    let images = Double(dataset.count)
    var evaluation = Evaluation(
      images: dataset.count, top1: tally.share(tally.right),
      imagesPerSecond: images / max(seconds, 1e-9))
    if teacher != nil {
      evaluation.agreement = Double(tally.agreed) / images
      evaluation.kl = tally.kl / images
      evaluation.teacherTop1 = tally.share(tally.teacherRight)
      evaluation.teacherImagesPerSecond = images / max(teacherSeconds, 1e-9)
    }
    return evaluation
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
  var labelled = 0
  var right = 0
  var teacherRight = 0
  var agreed = 0
  var kl = 0.0

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

  /// Of the labelled images; `nil` where there are none.
  func share(_ count: Int) -> Double? { labelled > 0 ? Double(count) / Double(labelled) : nil }
}
