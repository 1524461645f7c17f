import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchFrozen
import FunMatchModels
import FunMatchNN
import FunMatchRecipes
import FunMatchTorch

/// Times the ways in which the networks of a run can be computed here, on views that are made up, before its first step.
/// What it measured is kept, so that it is measured once for a machine, a network and a size of views.
package final class EngineTimer {
  /// The way that was chosen, and why in words.
  package struct Choice {
    package let way: Computation
    package let words: String
  }

  private let device: Device
  private let resolution: Int
  /// Views that are computed at a time, as many as in a step, but no more than 32 of 224 px, or as many smaller or larger ones
  /// as have that many pixels; of few small ones the beginnings of operators would be timed.
  package let count: Int
  private let folder: String
  private let limit: Duration
  private lazy var deadline = ContinuousClock.now + limit

  /// Most views of a size.
  static func most(_ resolution: Int) -> Int {
    max(4, min(256, 32 * 224 * 224 / (resolution * resolution)))
  }

  /// How much faster than those before it another way has to be: less than that is as often chance.
  static let gain = 1.1
  private static let passes = 3

  /// What measuring may take of a run's start: the first way is always measured.
  package static func limit(teachers count: Int) -> Duration { .seconds(40) / max(1, count) }
  /// The same for the student.
  package static let studentLimit = Duration.seconds(20)

  /// - Parameters:
  ///   - count: images that are computed at a time in the run.
  ///   - limit: after which no other way is begun.
  ///   - cacheFolder: where measurements are kept; the user's cache without it.
  package init(
    device: Device, resolution: Int, count: Int, limit: Duration, cacheFolder: String? = nil
  ) {
    (self.device, self.resolution, self.limit) = (device, resolution, limit)
    self.count = min(count, Self.most(resolution))
    folder = (cacheFolder ?? CacheFolder.user) + "/engines"
  }

  /// The ways to compute a teacher that an engine leaves open, the usual one first.
  package static func ways(_ engine: Engine, on device: Device) -> [Computation] {
    var engines = [engine]
    if engine == .auto {
      let hasOpenVINO = device == .cpu && OpenVINO.atHand != nil
      engines = hasOpenVINO ? [.openvino, .libtorch] : [.libtorch]
    }
    // Without f16 in hardware it is the slowest.
    let precisions = Precision.measured + (device == .cpu ? [] : [.f16])
    return engines.flatMap { engine in
      precisions.filter { engine == .libtorch || Engine.openVINOComputes(in: $0.dtype) }
        .map { Computation(engine: engine, precision: $0) }
    }
  }

  /// The way to compute a frozen network.
  ///
  /// - Parameters:
  ///   - ways: those that are possible, the usual first.
  ///   - name: the network, for whoever asks for the same again.
  ///   - build: the network, frozen in one of the ways for so many images at a time: made for more, it would compute more.
  package func teacher(
    _ ways: [Computation], named name: String,
    _ build: (_ way: Computation, _ batchSize: Int) throws -> any Classifier
  ) throws -> Choice {
    try choose(ways, \.description, "teacher", name) { way in
      let network = try build(way, self.count)
      let images = self.views
      let mode = Mode.evaluation(way.precision.dtype ?? .f32)
      // f16 ends at 65,504.
      if way.precision == .f16,
        withInference({ network(images, mode).isFinite.to(.f32).mean() }).item < 1
      {
        throw TorchError("its logits are not finite")
      }
      return { _ = withInference { network(images, mode) } }
    }
  }

  /// The format of a student's step, forwards and backwards, on a network of the same shape.
  package func student(_ spec: ModelSpec) throws -> Choice {
    let ways = Precision.measured.map { Computation(engine: .libtorch, precision: $0) }
    return try choose(ways, \.precision.rawValue, "student", JSONText.line(spec)) { way in
      let network = try spec.build(seed: 0)
      network.store.move(to: self.device)
      network.store.requireGradients()
      let images = self.views
      let parameters = network.store.trained.map(\.value)
      let mode = Mode.training(way.precision.dtype ?? .f32)
      return { _ = network(images, mode).squared().mean().gradients(of: parameters) }
    }
  }

  private var views: Tensor {
    Torch.withSeed(0) { .rand([count, 3, resolution, resolution]) * 2 - 1 }
      .channelsLast.to(device)
  }

  private func choose(
    _ ways: [Computation], _ name: (Computation) -> String, _ role: String, _ network: String,
    _ prepare: (Computation) throws -> () -> Void
  ) throws -> Choice {
    let key = key(role, network)
    let path = "\(folder)/\(Checksum.sha256(of: key.joined(separator: "\n")).prefix(32)).json"
    var kept = Kept(key: key, seconds: [:])
    if let read = JSONText.read(path, as: Kept.self), read.key == key { kept = read }
    let known = kept.seconds
    var refused: [String] = []
    for way in ways where kept.seconds[name(way)] == nil && isWorthwhile(way) {
      guard kept.seconds.isEmpty || ContinuousClock.now < deadline else { break }
      do {
        kept.seconds[name(way)] = seconds(
          try prepare(way), atMost: kept.seconds.values.min().map { 1.5 * $0 })
      } catch let error as TorchError where way != ways.last || !kept.seconds.isEmpty {
        // What cannot compute it is no way; the last one's reason is told where there is no other.
        refused.append("\(name(way)): \(error)")
      }
    }
    if kept.seconds != known {
      // A measurement that cannot be kept is made again.
      try? AtomicFile.makeFolder(folder)
      try? JSONText.write(kept, to: path)
    }
    let timed = ways.compactMap { way in kept.seconds[name(way)].map { (way: way, seconds: $0) } }
    guard var chosen = timed.first else {
      throw RecipeError("precision: auto: there is nothing to choose from")
    }
    for other in timed.dropFirst() where chosen.seconds / other.seconds >= Self.gain {
      chosen = other
    }
    let all = timed.map { "\(name($0.way)) \(NumberText.significant($0.seconds)) s" }
    let words =
      "\(role) computes in \(name(chosen.way)) (\(count) views: \(all.joined(separator: ", ")))"
    return Choice(way: chosen.way, words: ([words] + refused).joined(separator: "; not "))
  }

  /// Without bf16 in hardware f32 is faster by far, and timing bf16 alone would take long.
  private func isWorthwhile(_ way: Computation) -> Bool {
    device != .cpu || way.precision != .bf16 || Processor.hasBF16
  }

  private struct Kept: Codable {
    let key: [String]
    var seconds: [String: Double]
  }

  private func key(_ role: String, _ network: String) -> [String] {
    [
      "funmatch \(RunEnvironment.version)", role, network, "\(resolution) px",
      "\(count) images at a time", "\(device)",
      "\(Torch.threads) threads", "libtorch \(Torch.version) \(Torch.cpuCapability)",
      "openvino \(OpenVINO.atHand?.version ?? "none")", "cpu \(Processor.identity)",
    ]
  }

  /// The shortest of three passes after one, or of as many as half a second has room for: whatever else runs here makes
  /// passes longer. Only one where it takes longer than `most`.
  private func seconds(_ pass: () -> Void, atMost most: Double?) -> Double {
    func timed() -> Double {
      let start = ContinuousClock.now
      pass()
      device.synchronize()
      return start.duration(to: .now).seconds
    }
    _ = timed()
    let begin = ContinuousClock.now
    var (best, count) = (timed(), 1)
    while best < most ?? .infinity, ContinuousClock.now < deadline,
      count < Self.passes || begin.duration(to: .now).seconds < 0.5
    {
      best = min(best, timed())
      count += 1
    }
    return best
  }
}
