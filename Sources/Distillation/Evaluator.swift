import FunMatchDatasets
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchTorch
import FunMatchViews

/// Shows a data set's images to networks, in order and without any randomness, and compares what they
/// say with labels and with teachers. The teachers are asked once and their logits are kept.
public final class Evaluator {
  private let dataset: any Dataset
  private let teachers: [Subject]
  private let ensemble: Ensemble
  private let batchSize: Int
  private let device: Device
  private let loading: LoaderOptions
  /// The teachers' common logits of each batch's images, and which of these all could see.
  private var teacherAnswers: [(logits: Tensor, whole: Set<Int>)] = []
  private var teacherSeconds = 0.0

  /// Evaluates on `dataset`, `batchSize` images a forward pass.
  ///
  /// - Parameters:
  ///   - teachers: who the network is compared with; several answer as one.
  ///   - ensemble: how several answers become one; by their mean probabilities without it.
  public init(
    _ dataset: any Dataset, teachers: [Subject] = [], ensemble: Ensemble? = nil,
    batchSize: Int, device: Device,
    loading: LoaderOptions = LoaderOptions()
  ) {
    self.dataset = dataset
    self.teachers = teachers
    self.ensemble = ensemble ?? Ensemble(weights: teachers.map { _ in 1 })
    self.batchSize = batchSize
    self.device = device
    self.loading = loading
  }

  /// A network and how images are prepared for it.
  public struct Subject {
    let network: any Classifier
    let preprocessing: EvaluationPreprocessing
    let mode: Mode

    /// - Parameter precision: what its convolutions compute in.
    public init(
      _ network: any Classifier, _ preprocessing: EvaluationPreprocessing, precision: DType
    ) {
      self.network = network
      self.preprocessing = preprocessing
      mode = .evaluation(precision)
    }
  }

  /// Runs the whole data set through the network; images that are broken, if they are skipped, count
  /// nowhere.
  ///
  /// - Parameter shouldStop: asked before every batch; ends the work by saying yes.
  /// - Throws: the data set's error when an image cannot be read; `CancellationError` when it is
  ///   stopped.
  public func callAsFunction(
    _ subject: Subject, shouldStop: () -> Bool = { false }
  ) throws -> Evaluation {
    try tally(subject, detailed: false, shouldStop).evaluation
  }

  /// The same, telling of every class, too.
  ///
  /// - Throws: the data set's error when an image cannot be read.
  public func detailed(_ subject: Subject) throws -> Tally {
    try tally(subject, detailed: true) { false }
  }

  private func tally(
    _ subject: Subject, detailed: Bool, _ shouldStop: () -> Bool
  ) throws -> Tally {
    var tally = Tally(classes: subject.network.classes, detailed: detailed)
    // The teachers are shown the same images, unless they have been asked before.
    var answers = teacherAnswers
    tally.teacherSeconds = teacherSeconds
    let asked = answers.isEmpty ? teachers : []
    // Where images are prepared in the same way, they are the same pixels.
    var ways = [subject.preprocessing]
    let places = asked.map { teacher in
      if !ways.contains(teacher.preprocessing) { ways.append(teacher.preprocessing) }
      return ways.firstIndex(of: teacher.preprocessing) ?? 0
    }
    let sources = try ways.map { try source($0) }
    for number in 0..<sources[0].count {
      if shouldStop() { throw CancellationError() }
      let batches = try sources.map { try $0.batch(number) }
      let batch = batches[0]
      var whole = batch.whole
      let logits = answer(subject, batch, &tally.seconds)
      if !asked.isEmpty {
        let each = zip(asked, places).map { answer($0, batches[$1], &tally.teacherSeconds) }
        let first = Set(batches[places[0]].whole)
        let seen = places.dropFirst().reduce(first) { $0.intersection(batches[$1].whole) }
        answers.append((ensemble.combined(each), seen))
      }
      var teacher: Tensor?
      if !teachers.isEmpty {
        // An image may be whole where one network looks and broken where the other does.
        whole = whole.filter { answers[number].whole.contains($0) }
        teacher = answers[number].logits
      }
      guard !whole.isEmpty else { continue }
      let rows = whole.count < batch.labels.count ? Tensor(whole.map { Int64($0) }) : nil
      func chosen(_ logits: Tensor) -> Tensor { rows.map { logits.selecting($0) } ?? logits }
      tally.count(chosen(logits), whole.map { batch.labels[$0] }, teacher: teacher.map(chosen))
    }
    guard tally.evaluation.images > 0 else {
      throw TrainingError("none of the \(dataset.count) images to evaluate can be decoded")
    }
    (teacherAnswers, teacherSeconds) = (answers, tally.teacherSeconds)
    return tally
  }

  private func source(_ preprocessing: EvaluationPreprocessing) throws -> EvaluationSource {
    try EvaluationSource(
      dataset, preprocessing,
      batchSize: batchSize, options: loading)
  }

  private func answer(
    _ subject: Subject, _ batch: EvaluationSource.Batch, _ seconds: inout Double
  ) -> Tensor {
    let images = Batch.scaled(batch.pixels, device: device)
    device.synchronize()
    let start = ContinuousClock.now
    let logits = withInference { subject.network(images, subject.mode) }.to(.cpu)
    device.synchronize()
    seconds += start.duration(to: .now).seconds
    return logits
  }
}
