import FunMatchDatasets
import FunMatchModels
import FunMatchTorch
import FunMatchViews

/// Shows a data set's images to networks, in order and without any randomness, and compares their logits with labels and
/// with the teachers'. The teachers compute theirs once, for all networks.
public final class Evaluator {
  private let dataset: any Dataset
  private let teachers: [EvaluatedModel]
  private let ensemble: Ensemble
  private let metrics: [Metric]
  private let batchSize: Int
  private let device: Device
  private let loading: LoaderOptions
  private let group: ProcessGroup?
  /// The teachers' common logits of each batch's images, and which of these all could see.
  private var teacherLogits: [(logits: Tensor, whole: Set<Int>)] = []
  private var teacherSeconds = 0.0

  /// Evaluates on `dataset`, `batchSize` images a forward pass.
  ///
  /// - Parameters:
  ///   - teachers: whom the network is compared with; several count as one.
  ///   - ensemble: how the logits of several become one; by their mean probabilities without it.
  ///   - metrics: what is computed.
  ///   - group: processes that share the work, batch by batch. All of them know the outcome, which is that of one process.
  public init(
    _ dataset: any Dataset, teachers: [EvaluatedModel] = [], ensemble: Ensemble? = nil,
    metrics: [Metric] = Metrics.builtIn, batchSize: Int, device: Device,
    loading: LoaderOptions = LoaderOptions(), group: ProcessGroup? = nil
  ) {
    self.group = group
    (self.dataset, self.teachers, self.metrics) = (dataset, teachers, metrics)
    self.ensemble = ensemble ?? Ensemble(weights: teachers.map { _ in 1 })
    (self.batchSize, self.device, self.loading) = (batchSize, device, loading)
  }

  /// Runs the whole data set through the network; images that are broken, if they are skipped, count
  /// nowhere.
  ///
  /// - Parameter shouldStop: called before every batch, or before as many as there are processes; true ends the work.
  /// - Throws: the data set's error when an image cannot be read; `CancellationError` when it is
  ///   stopped.
  public func callAsFunction(
    _ model: EvaluatedModel, shouldStop: () -> Bool = { false }
  ) throws -> Evaluation {
    try evaluate(model, shouldStop) { _ in }
  }

  /// The same, with what the network makes of every class; `nil` without labels.
  ///
  /// - Throws: the data set's error when an image cannot be read.
  public func detailed(
    _ model: EvaluatedModel
  ) throws -> (evaluation: Evaluation, detail: EvaluationDetail?) {
    var detail = EvaluationDetail(classes: model.network.classes)
    let evaluation = try evaluate(model, { false }) { detail.add($0) }
    return (evaluation, detail.isEmpty ? nil : detail)
  }

  private func evaluate(
    _ model: EvaluatedModel, _ shouldStop: () -> Bool, _ note: (EvaluatedImages) -> Void
  ) throws -> Evaluation {
    var tally = MetricTally(metrics)
    var seconds = 0.0
    // The teachers are shown the same images, unless they have seen them before.
    var known = teacherLogits
    var taken = teacherSeconds
    let shown = known.isEmpty ? teachers : []
    // Where images are prepared in the same way, they are the same pixels.
    var ways = [model.preprocessing]
    let places = shown.map { teacher in
      if !ways.contains(teacher.preprocessing) { ways.append(teacher.preprocessing) }
      return ways.firstIndex(of: teacher.preprocessing) ?? 0
    }
    let (rank, size) = (group?.rank ?? 0, group?.size ?? 1)
    let sources = try ways.map {
      try EvaluationSource(
        dataset, $0, batchSize: batchSize, options: loading, share: (rank, size))
    }
    func seen(_ number: Int) throws -> SeenImages {
      let batches = try sources.map { try $0.batch(number) }
      let logits = try logits(model, batches[0], number, "the network", &seconds)
      guard !shown.isEmpty else { return SeenImages(logits, Set(batches[0].whole), nil) }
      let each = try zip(shown, places).map {
        try self.logits($0, batches[$1], number, "a teacher", &taken)
      }
      let first = Set(batches[places[0]].whole)
      let whole = places.dropFirst().reduce(first) { $0.intersection(batches[$1].whole) }
      return SeenImages(logits, Set(batches[0].whole), (ensemble.combined(each), whole))
    }
    for first in stride(from: 0, to: sources[0].count, by: size) {
      if shouldStop() { throw CancellationError() }
      let numbers = first..<min(first + size, sources[0].count)
      let own = numbers.contains(first + rank) ? try seen(first + rank) : nil
      let all =
        try group.map {
          try SeenImages.exchanged(
            own, of: batchSize, classes: model.network.classes,
            teacherClasses: shown.first?.network.classes, $0)
        } ?? [own]
      for (number, images) in zip(numbers, all) {
        guard let images else { continue }
        let labels = sources[0].labels(number)
        if let teacher = images.teacher { known.append(teacher) }
        // An image may be whole where one network looks and broken where the other does.
        let whole = labels.indices.filter {
          images.whole.contains($0) && (teachers.isEmpty || known[number].whole.contains($0))
        }
        guard !whole.isEmpty else { continue }
        let rows = whole.count < labels.count ? Tensor(whole.map { Int64($0) }) : nil
        func chosen(_ logits: Tensor) -> Tensor {
          let own = logits.narrowed(0, 0..<labels.count)
          return rows.map { own.selecting($0) } ?? own
        }
        let compared = EvaluatedImages(
          chosen(images.logits), teacher: teachers.isEmpty ? nil : chosen(known[number].logits),
          labels: whole.map { labels[$0] })
        tally.add(compared)
        note(compared)
      }
    }
    guard tally.images > 0 else {
      throw TrainingError("none of the \(dataset.count) images to evaluate can be decoded")
    }
    (teacherLogits, teacherSeconds) = (known, taken)
    return Evaluation(
      tally, seconds: seconds, teacherSeconds: teachers.isEmpty ? nil : teacherSeconds)
  }

  /// - Throws: `TrainingError` when a logit is infinite or not a number.
  private func logits(
    _ model: EvaluatedModel, _ batch: EvaluationSource.Batch, _ number: Int, _ name: String,
    _ seconds: inout Double
  ) throws -> Tensor {
    let images = Batch.scaled(batch.pixels, device: device)
    device.synchronize()
    let start = ContinuousClock.now
    let logits = withInference { model.network(images, model.mode) }.to(.cpu)
    device.synchronize()
    seconds += start.duration(to: .now).seconds
    if !logits.isAllFinite,
      let row = batch.whole.first(where: { !logits.narrowed(0, $0..<$0 + 1).isAllFinite })
    {
      throw TrainingError(
        "\(dataset.name(at: number * batchSize + row)): \(name) gives logits that are infinite or not a "
          + "number")
    }
    return logits
  }
}
