import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchImages
import FunMatchRecipes
import FunMatchViews
import Logging

/// The images of a run, and how they are read.
struct RunDatasets {
  /// What is learnt from, as it lies on the disk.
  let training: any Dataset
  /// Number of training images that the recipe names.
  let trainingCount: Int
  /// The data sets that are not here, others standing in for them.
  let invented: [DatasetReference]
  /// The shares of the data sets that it is made of, if it is made of several.
  let mixture: Mixture?
  /// Some of the training images, always the same.
  let trainingSlice: (any Dataset)?
  let validation: (any Dataset)?
  let test: (any Dataset)?
  /// How the training images are read, and those of the others; each knows its own broken images.
  let loading: LoaderOptions
  let sliceLoading: LoaderOptions
  var validationLoading: LoaderOptions
  var testLoading: LoaderOptions
  /// What is to be said of the images, such as files that nothing reads.
  let remarks: [String]
  private let recipe: SharedRecipe

  /// - Parameter path: the recipe's file.
  /// - Throws: `RecipeError` naming the key of what does not fit.
  init(_ recipe: SharedRecipe, path: String, _ options: RunOptions) throws {
    self.recipe = recipe
    let registry = options.datasets
    var invented: [DatasetReference] = []
    var remarks: [String] = []
    let map = try recipe.classMap.map { file in
      do {
        return try ClassMap(file, beside: path)
      } catch {
        throw RecipeError("classes.map: \(error)")
      }
    }
    var named: [any Dataset] = []
    func open(_ reference: DatasetReference, _ key: String) throws -> any Dataset {
      do {
        do {
          let dataset = try registry.open(reference)
          remarks += dataset.remarks.map { "\(key): \($0)" }
          named.append(dataset)
          return try map?.renamed(dataset, called: key) ?? dataset
        } catch let error as DatasetError where error.isAbsence && options.dryRunSteps != nil {
          invented.append(reference)
          return try GeneratedDataset(standingFor: reference, registry: registry)
        }
      } catch let error as DatasetError {
        throw RecipeError("\(key): \(error)")
      }
    }
    var count = 0
    (training, mixture) = try recipe.train.open { reference in
      let whole = try open(reference, "data.train")
      if reference.slice == nil, let bare = Self.classWithoutImages(whole) {
        throw RecipeError("data.train: \(reference): class '\(bare)' has no images")
      }
      count += whole.count
      guard let steps = options.dryRunSteps else { return whole }
      return SpreadDataset(whole, count: steps * recipe.batchSize)
    }
    trainingCount = count
    let slice = recipe.evaluatedTrainingImages
    trainingSlice = slice > 0 ? SpreadDataset(training, count: slice) : nil
    validation = try recipe.validation.map { try open($0, "data.validation") }
    test = try recipe.test.map { try open($0, "data.test") }
    // What is not here may have any classes.
    if invented.isEmpty {
      try map?.check(named, called: "data.train, data.validation or data.test")
    }
    (self.invented, self.remarks) = (invented, remarks)
    func loading() -> LoaderOptions {
      LoaderOptions(
        workers: options.workers ?? ProcessInfo.processInfo.activeProcessorCount,
        decoder: recipe.decoding.decoder, broken: BrokenImages(recipe.onBrokenImage))
    }
    self.loading = loading()
    (sliceLoading, validationLoading, testLoading) = (loading(), loading(), loading())
  }

  private static func classWithoutImages(_ dataset: any Dataset) -> String? {
    guard !dataset.remarks.isEmpty, !dataset.classNamesAreNumbers else { return nil }
    let present = Set((0..<dataset.count).compactMap(dataset.label))
    return dataset.classNames.indices.first { !present.contains($0) }.map { dataset.classNames[$0] }
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
      log.info("keeping \(training.count) training images in memory: \(NumberText.bytes(size))")
    }
  }

  /// Those whose broken images are told of; the slice's are training images.
  private var reported: [LoaderOptions] { [loading, validationLoading, testLoading] }

  /// Warns of broken images that were skipped since the last call.
  ///
  /// - Parameter before: called first if there are any.
  func report(to log: Logger, before: () -> Void = {}) {
    let reports = reported.flatMap { $0.broken.takeReports() }
    if !reports.isEmpty { before() }
    for report in reports { log.warning("skipped: \(report)") }
  }

  /// How many different images were skipped.
  var brokenCount: Int { reported.reduce(0) { $0 + $1.broken.count } }

  /// What must be the same for logits of the images to be of use again, a line each: the images, and in which order they
  /// are shown.
  func fingerprint() throws -> [String] {
    var lines = ["train: \(ImageFingerprint.line(of: training, loading.decoder))"]
    if let mixture { lines.append("shares: \(mixture.weights) of \(mixture.parts)") }
    let shards = training.shards.map { "\($0)" }.joined(separator: " ")
    if !shards.isEmpty { lines.append("shards: \(Checksum.sha256(of: shards))") }
    return lines
  }
}
