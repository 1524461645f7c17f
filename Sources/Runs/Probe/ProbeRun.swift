import FunMatchDistillation
import FunMatchFiles
import FunMatchRecipes
import FunMatchTorch

/// Makes a head for own classes from a frozen network: features, fit, temperature.
package struct ProbeRun {
  /// What shows images to the network.
  let extractor: FeatureExtractor
  /// Where features are kept.
  let cache: FeatureCache
  /// Everything about the network that features depend on, in lines.
  let identity: [String]
  /// Views of each training image; validation images are shown whole.
  let views: FeatureExtractor.Views
  /// Whether the head is made of the means of the classes.
  let prototypes: Bool
  /// What is told on the way.
  let line: CountLine
  /// Asked often; true ends the work.
  let shouldStop: () -> Bool

  /// All named.
  package init(
    _ extractor: FeatureExtractor, _ cache: FeatureCache, identity: [String],
    views: FeatureExtractor.Views, prototypes: Bool, line: CountLine,
    shouldStop: @escaping () -> Bool
  ) {
    (self.extractor, self.cache, self.identity) = (extractor, cache, identity)
    (self.views, self.prototypes) = (views, prototypes)
    (self.line, self.shouldStop) = (line, shouldStop)
  }

  /// The head for features as the network gives them, its values those of f32, and what came of it.
  ///
  /// - Throws: an error in one sentence; `CancellationError` when it is stopped.
  package func run(_ images: ProbeImages) throws -> (head: ProbeHead, report: ProbeReport) {
    defer { line.clear() }
    let trained = try features(of: images.training, "training features", views)
    let validated = try features(
      of: images.validation, "validation features", .init(flip: false, crops: 0))
    let begin = ContinuousClock.now
    line.show("looking at all features")
    let scaling = try FeatureScaling(of: trained.table)
    let validation = FeatureBlocks(validated.table, scaling)
    let loss = LogisticLoss(
      FeatureBlocks(trained.table, scaling), labels: images.training.labels, classes: images.classes
    )
    let labels = images.validation.labels
    var path: LogisticPath.Outcome?
    let fitted: ProbeHead
    let scale: Double
    if prototypes {
      fitted = try loss.prototypes()
      scale = TemperatureScale(try validation.logits(fitted), labels: labels).scale
    } else {
      // Sums of so little are done before other threads have been woken, and beside other programs these wait for each other.
      let isSmall = trained.table.rows * trained.table.width < 1 << 22
      let outcome = try Torch.withThreads(isSmall ? 1 : Torch.threads) {
        try LogisticPath(loss, validation: validation, labels: labels).run(
          show: { line.show($0) }, shouldStop: shouldStop)
      }
      fitted = outcome.head
      scale = outcome.scale
      path = outcome
    }
    let head = fitted.unscaled(scaling, times: scale).rounded
    let seconds = begin.duration(to: .now).seconds
    let training = try measure(head, trained.table, images.training.labels)
    let measured = try measure(head, validated.table, labels)
    let before = try measure(head, validated.table, labels, times: 1 / scale)
    let regularization = path.map { $0.points[$0.chosen].regularization }
    return (
      head,
      ProbeReport(
        trainingImages: images.training.labels.count, validationImages: labels.count,
        classes: images.classes, features: extractor.width, views: views.count,
        resolution: extractor.preprocessing.crop, prototypes: prototypes,
        regularization: regularization,
        inverseRegularization: regularization.map { 1 / ($0 * Double(trained.table.rows)) },
        temperature: 1 / scale,
        top1: .init(training: training.top1, validation: measured.top1),
        loss: .init(training: training.loss, validation: measured.loss),
        calibrationError: .init(before: before.error, after: measured.error),
        path: path?.points ?? [], wereKept: trained.wasKept && validated.wasKept,
        seconds: .init(
          trainingFeatures: trained.seconds, validationFeatures: validated.seconds, fit: seconds))
    )
  }

  private func features(
    of part: ProbeImages.Part, _ name: String, _ views: FeatureExtractor.Views
  ) throws -> (table: FeatureTable, wasKept: Bool, seconds: Double) {
    let begin = ContinuousClock.now
    let (images, preprocessing) = (part.dataset, extractor.preprocessing)
    let key =
      identity + [
        "features 1", "images: \(ImageFingerprint.line(of: images, extractor.loading.decoder))",
        "decoding: \(extractor.loading.decoder)", "views: \(views.identity)",
        "preprocessing: \(try JSONText.line(preprocessing))", "precision: \(extractor.precision)",
        "device: \(extractor.device)",
      ]
    let total = images.count * views.count
    let (table, wasKept) = try cache.table(
      key, images: images.count, views: views.count, width: extractor.width,
      say: { words in
        line.clear()
        Terminal().say(words)
      },
      { take in
        try extractor.run(
          images, views, show: { line.show(name, $0, of: total, "views") }, shouldStop: shouldStop,
          take)
      })
    return (table, wasKept, begin.duration(to: .now).seconds)
  }

  /// What the head makes of the first view of every image.
  ///
  /// - Parameter scale: what logits are multiplied by.
  private func measure(
    _ head: ProbeHead, _ table: FeatureTable, _ labels: [Int], times scale: Double = 1
  ) throws -> (top1: Double, loss: Double, error: Double) {
    var tally = MetricTally([.top1, .loss, .calibrationError])
    for rows in table.blocks {
      let images = rows.lowerBound / table.views..<rows.upperBound / table.views
      let first = try table.read(rows).reshaped([images.count, table.views, table.width])
        .narrowed(1, 0..<1).reshaped([images.count, table.width])
      tally.add(head(first.to(.f64)) * scale, images.map { labels[$0] })
    }
    func value(_ metric: Metric) -> Double { tally.values[metric.key] ?? .nan }
    return (value(.top1), value(.loss), value(.calibrationError))
  }
}
