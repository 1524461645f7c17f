import Foundation
import FunMatchDatasets
import FunMatchTorch
import FunMatchViews
import Logging

/// The images of a run, and how they are read.
struct RunImages {
  /// What is learnt from, as it lies on the disk.
  let training: any Dataset
  let validation: (any Dataset)?
  let test: (any Dataset)?
  let loading: LoaderOptions
  private let recipe: Recipe

  init(_ recipe: Recipe, _ options: RunOptions) throws {
    self.recipe = recipe
    let registry = DatasetRegistry(dataFolder: options.dataFolder)
    training = try registry.open(recipe.data.train)
    validation = try recipe.data.validation.map { try registry.open($0) }
    test = try recipe.data.test.map { try registry.open($0) }
    loading = LoaderOptions(
      workers: options.workers ?? ProcessInfo.processInfo.activeProcessorCount,
      decoder: recipe.decoding.decoder,
      broken: BrokenImages(recipe.onBrokenImage))
  }

  /// The training images, in memory if the recipe wants that; says beforehand how much it takes.
  func cachedTraining(_ log: Logger) throws -> any Dataset {
    let mode: CachedDataset.Mode
    switch recipe.cache {
    case .none: return training
    case .bytes: mode = .bytes
    case .pixels: mode = .pixels
    }
    return try CachedDataset(
      training, mode: mode, decoder: loading.decoder, threads: loading.workers
    ) { size in
      let megabytes = ProgressLine.fixed(Double(size) / 1e6, 1)
      log.info("keeping \(training.count) training images in memory: \(megabytes) MB")
    }
  }

  /// Warns of broken images that were skipped since the last call.
  ///
  /// - Parameter before: called first if there are any.
  func report(to log: Logger, before: () -> Void = {}) {
    let reports = loading.broken.takeReports()
    if !reports.isEmpty { before() }
    for report in reports { log.warning("skipped: \(report)") }
  }

  /// The data set's name and a checksum of its images' names, wherever they lie: what must be the same
  /// for logits of it to be of use again.
  var fingerprint: String {
    var names: [UInt8] = []
    for index in 0..<training.count {
      names += Array(training.name(at: index).split(separator: "/").suffix(2).joined().utf8) + [10]
    }
    return "\(training.count) images, " + SHA256.hexadecimal(of: names)
  }
}
