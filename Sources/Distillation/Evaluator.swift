import FunMatchDatasets
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchTorch
import FunMatchViews

/// Shows a data set's images to networks, in order and without any randomness, and compares what they
/// say with labels and with a teacher. The teacher is asked once and its logits are kept.
public final class Evaluator {
  private let dataset: any Dataset
  private let teacher: Subject?
  private let batchSize: Int
  private let device: Device
  private let loading: LoaderOptions
  /// Logits of each batch's images, and which of these could be decoded.
  private var teacherAnswers: [(logits: Tensor, whole: Set<Int>)] = []
  private var teacherSeconds = 0.0

  /// Evaluates on `dataset`, `batchSize` images a forward pass.
  public init(
    _ dataset: any Dataset, teacher: Subject? = nil, batchSize: Int, device: Device,
    loading: LoaderOptions = LoaderOptions()
  ) {
    self.dataset = dataset
    self.teacher = teacher
    self.batchSize = batchSize
    self.device = device
    self.loading = loading
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

  /// Runs the whole data set through the network; images that are broken, if they are skipped, count
  /// nowhere.
  ///
  /// - Throws: the data set's error when an image cannot be read.
  public func callAsFunction(_ subject: Subject) throws -> Evaluation {
    var tally = Tally()
    var seconds = 0.0
    let views = try source(subject)
    // The teacher is shown the same images, unless it has been asked before; where they are prepared
    // in the same way, they are the same pixels.
    var answers = teacherAnswers
    let isAsked = teacher != nil && answers.isEmpty
    let sharesPixels = teacher?.preprocessing == subject.preprocessing
    let others = try isAsked && !sharesPixels ? teacher.map { try source($0) } : nil
    for number in 0..<views.count {
      let batch = try views.batch(number)
      var whole = batch.whole
      let logits = answer(subject, batch, &seconds)
      var teachers: Tensor?
      if let teacher {
        if isAsked {
          let shown = try others?.batch(number) ?? batch
          answers.append((answer(teacher, shown, &teacherSeconds), Set(shown.whole)))
        }
        // An image may be whole where one network looks and broken where the other does.
        whole = whole.filter { answers[number].whole.contains($0) }
        teachers = answers[number].logits
      }
      let labels = whole.map { batch.labels[$0] }
      let places = whole.count < batch.labels.count ? Tensor(whole.map { Int64($0) }) : nil
      func chosen(_ logits: Tensor) -> Tensor { places.map { logits.selecting($0) } ?? logits }
      guard !whole.isEmpty else { continue }
      tally.count(chosen(logits), labels)
      if let teachers { tally.compare(chosen(logits), with: chosen(teachers), labels) }
    }
    teacherAnswers = answers
    let images = Double(tally.images)
    var evaluation = Evaluation(
      images: tally.images, top1: tally.share(tally.right),
      imagesPerSecond: images / max(seconds, 1e-9))
    if teacher != nil {
      evaluation.agreement = Double(tally.agreed) / max(images, 1)
      evaluation.kl = tally.kl / max(images, 1)
      evaluation.teacherTop1 = tally.share(tally.teacherRight)
      evaluation.teacherImagesPerSecond = images / max(teacherSeconds, 1e-9)
    }
    return evaluation
  }

  private func source(_ subject: Subject) throws -> EvaluationSource {
    let preprocessing = EvaluationPreprocessing(
      resize: subject.preprocessing.resize, crop: subject.preprocessing.crop)
    return try EvaluationSource(dataset, preprocessing, batchSize: batchSize, options: loading)
  }

  private func answer(
    _ subject: Subject, _ batch: EvaluationSource.Batch, _ seconds: inout Double
  ) -> Tensor {
    let images = Batch.scaled(batch.pixels, device: device)
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
  var images = 0
  var labelled = 0
  var right = 0
  var teacherRight = 0
  var agreed = 0
  var kl = 0.0

  private func matches(_ logits: Tensor, _ labels: [Int?]) -> Int {
    zip(logits.argmax().array(as: Int64.self), labels).count { $1 != nil && Int($0) == $1 }
  }

  mutating func count(_ logits: Tensor, _ labels: [Int?]) {
    images += labels.count
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
