import FunMatchDistillation
import FunMatchFiles
import FunMatchFrozen
import FunMatchModels
import FunMatchRecipes
import FunMatchRuns
import FunMatchTorch
import FunMatchViews

/// A teacher with random weights, frozen in the ways of a run.
final class BenchTeacher {
  private let spec: ModelSpec
  private let resolution: Int
  private let batchSize: Int
  private let device: Device
  /// What calibration found, once it is in int8.
  private var findings: Int8Network.Findings?

  init(_ spec: ModelSpec, _ resolution: Int, _ batchSize: Int, _ device: Device) {
    (self.spec, self.resolution, self.batchSize, self.device) = (
      spec, resolution, batchSize, device
    )
  }

  /// The teacher, in the way that was asked for or is fastest; and which that is.
  func frozen(
    _ engine: Engine, _ precision: Precision, _ timer: EngineTimer
  ) throws -> (teacher: Teacher, way: Computation) {
    var way = Computation(engine: engine, precision: precision)
    if precision == .auto {
      way = try timer.teacher(
        EngineTimer.ways(engine, on: device), named: JSONText.line(spec)
      ) { try network($0, $1).network }.way
    }
    let frozen = try network(way, batchSize)
    return (
      teacher(frozen, way), Computation(engine: frozen.engine, precision: way.precision)
    )
  }

  /// The same once more, for as many threads as there are now.
  func frozen(_ way: Computation) throws -> Teacher { teacher(try network(way, batchSize), way) }

  private func teacher(_ frozen: Frozen, _ way: Computation) -> Teacher {
    Teacher(
      frozen.network, resolution: resolution, precision: way.precision.dtype ?? .f32,
      device: device)
  }

  private func network(_ way: Computation, _ batchSize: Int) throws -> Frozen {
    func load() throws -> any Model { try Self.built(spec, seed: 1) }
    if way.precision == .int8 {
      if let reason = Int8Network.reason(way.engine, device) { throw RecipeError(reason) }
      let openVINO = try OpenVINO.found.get()
      if let findings {
        let network = try Int8Network(
          load, side: resolution, findings: findings, batchSize: batchSize, with: openVINO)
        return Frozen(network: network.network, engine: .openvino)
      }
      // Calibrated on images that are made up, so nothing is said of how near it is to float.
      let images = Batch(views(1000, count: max(256, batchSize)), lambda: 1, device: device)
      guard let views = images.teacher[resolution] else { throw RecipeError("no views") }
      let network = try Int8Network(
        load, views: views, batchSize: batchSize, timesBF16: true, with: openVINO)
      findings = network.findings
      return Frozen(network: network.network, engine: .openvino)
    }
    return try way.engine.freeze(
      load(), height: resolution, width: resolution, precision: way.precision.dtype ?? .f32,
      batchSize: batchSize, device: device)
  }

  /// Images that are made up, others in every step.
  func views(_ step: Int, count: Int) -> ImageBatch {
    var random = Philox(seed: UInt64(step), 0, 0, 0)
    let pixels = (0..<count * resolution * resolution * 3).map { _ in
      UInt8(truncatingIfNeeded: random.next())
    }
    return ImageBatch(
      student: [resolution: Pixels(pixels, count: count, size: resolution)],
      indices: Array(0..<count), labels: Array(repeating: nil, count: count))
  }

  /// A network with random weights, its head's too, so that losses and gradients are not zero.
  static func built(_ spec: ModelSpec, seed: UInt64) throws -> any Model {
    let model = try spec.build(seed: seed)
    let head = model.classifier.weight.value
    head.copy(from: Tensor.randn(head.shape) * 0.02)
    return model
  }
}
