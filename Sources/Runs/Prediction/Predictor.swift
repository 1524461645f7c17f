import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchRecipes
import FunMatchTorch
import FunMatchViews

/// Classifies images that somebody named, in that order, and writes what it finds while the next ones are decoded. Memory does
/// not depend on how many there are.
package struct Predictor {
  /// How many images there were.
  package struct Outcome: Sendable {
    /// Images, and what was named without being one.
    package fileprivate(set) var named = 0
    /// Those of them that could not be classified.
    package fileprivate(set) var broken = 0
  }
  /// So many batches pass until memory is given back, which takes some milliseconds.
  private static let batchesAtOnce = 16
  /// Gives logits (N, classes), f32, of pixels (N, H, W, 3), u8.
  package typealias Network = (Tensor) -> Tensor

  private let model: String
  private let classNames: [String]
  private let top: Int
  private let skipsBroken: Bool
  private let terminal: Terminal
  private let isWatched: Bool

  /// - Parameters:
  ///   - model: what errors call the network.
  ///   - classNames: in the order of the logits; a class beyond them is called by its number.
  ///   - top: how many classes each image is given.
  ///   - skipsBroken: whether broken images are no fault; they are named in any case.
  ///   - isWatched: whether somebody waits for the end before a live terminal.
  package init(
    model: String, classNames: [String], top: Int, skipsBroken: Bool,
    terminal: Terminal = Terminal(), isWatched: Bool
  ) {
    (self.model, self.classNames, self.top) = (model, classNames, top)
    (self.skipsBroken, self.terminal, self.isWatched) = (skipsBroken, terminal, isWatched)
  }

  /// Classifies all images of a source.
  ///
  /// - Parameter network: makes the network, given how many images will be shown to it at once, when the first are ready.
  /// - Throws: `RecipeError` when a logit is infinite or not a number, `FileError` when a result cannot be written or a list
  ///   of images cannot be read, and what `network` throws.
  package func callAsFunction(
    _ source: NamedImageSource, batchSize: Int, to writer: PredictionWriter,
    network make: (_ batchSize: Int) throws -> Network
  ) throws -> Outcome {
    var outcome = Outcome()
    var network: Network?
    var batches = 0
    let live = LiveText(terminal)
    let begin = ContinuousClock.now
    defer { live.clear() }
    while let batch = try source.next() {
      let whole = batch.names.indices.filter { batch.failures[$0] == nil }
      if !whole.isEmpty {
        let known = try network ?? make(source.isOver ? batch.names.count : batchSize)
        network = known
        try writer.write(predictions(known, batch, whole))
      }
      live.clear()
      for (_, failure) in batch.failures.sorted(by: { $0.key < $1.key }) {
        terminal.say("\(skipsBroken ? "skipped" : "funmatch"): \(failure)")
      }
      batches += 1
      // Names lie between pixels, so that what is freed has gaps that do not fit the next ones, and more of them all the time.
      if batches.isMultiple(of: Self.batchesAtOnce) { Torch.releaseMemory() }
      outcome.named += batch.names.count
      outcome.broken += batch.failures.count
      if isWatched, live.isLive {
        live.show([line(outcome, begin.duration(to: .now).seconds).text(columns: live.columns)])
      }
    }
    try writer.end()
    return outcome
  }

  private func predictions(
    _ network: Network, _ batch: NamedImageSource.Batch, _ whole: [Int]
  ) throws -> [Prediction] {
    let size = batch.pixels.size
    let images = withExtendedLifetime(batch.pixels) {
      Tensor(bytes: batch.pixels.bytes, shape: [batch.names.count, size, size, 3], dtype: .u8)
    }
    let logits = network(images)
    if !logits.isAllFinite,
      let row = whole.first(where: { !logits.narrowed(0, $0..<$0 + 1).isAllFinite })
    {
      throw RecipeError(
        "\(batch.names[row]): \(model) gives logits that are infinite or not a number")
    }
    let own =
      whole.count < batch.names.count ? logits.selecting(Tensor(whole.map { Int64($0) })) : logits
    return Prediction.predictions(
      own, images: whole.map { batch.names[$0] }, classNames: classNames, top: top)
  }

  private func line(_ outcome: Outcome, _ seconds: Double) -> FieldLine {
    var line = FieldLine()
    line.append("\(NumberText.grouped(outcome.named)) images", rank: 0)
    line.append(
      "\(NumberText.fixed(Double(outcome.named) / max(seconds, 1e-9), 0)) images/s", rank: 1)
    if outcome.broken > 0 {
      line.append("\(NumberText.grouped(outcome.broken)) broken", rank: 2)
    }
    return line
  }
}
