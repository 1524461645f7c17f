import FunMatchModels
import FunMatchONNX
import FunMatchTorch

/// A network whose convolutions compute in int8 on OpenVINO, without training: ranges of least square error, and biases
/// that are corrected for what rounding takes away in the mean. Blocks that hurt stay in float until it is near enough to
/// its float self.
public struct Int8Network {
  /// How near it has to be.
  public struct Limits: Sendable {
    /// Least agreement where float's margin is above 0.1.
    public let agreement: Double
    /// Most KL(float ‖ int8) in nats.
    public let kl: Double

    /// Both named.
    public init(agreement: Double, kl: Double) { (self.agreement, self.kl) = (agreement, kl) }
  }

  /// What calibration found, for whoever wants the same network again.
  public struct Findings: Codable, Sendable, Equatable {
    /// Layers in int8.
    public let scales: Int8Scales
    /// Blocks that stay in float.
    public let floatBlocks: [String]
    /// How near it is to float on views that it was not calibrated on; `nil` where nobody asked.
    public let agreement: Int8Agreement?
    /// The same on mixtures of them.
    public let mixedAgreement: Int8Agreement?

    /// The same, had the format of other layers, which is timed, been decided the other way.
    package var otherwise: Findings {
      var scales = scales
      scales.othersInBF16 = scales.othersInBF16 == true ? nil : true
      return Findings(
        scales: scales, floatBlocks: floatBlocks, agreement: agreement,
        mixedAgreement: mixedAgreement)
    }
  }

  /// The network.
  public let network: FrozenNetwork
  /// What calibration found.
  public let findings: Findings

  /// Why int8 cannot be had here, in words; `nil` where it can.
  public static func reason(_ engine: Engine, _ device: Device) -> String? {
    if device != .cpu { return "int8 is for CPUs" }
    if engine == .libtorch { return "int8 needs OpenVINO, and engine is libtorch" }
    if case .failure(let reason) = OpenVINO.found { return "int8 needs OpenVINO: \(reason)" }
    return Processor.hasByteProducts
      ? nil : "int8 needs VNNI or dot products, which this CPU lacks"
  }

  /// How many of the worst blocks stay in float, one trial after the other.
  private static let trials = [0, 1, 2, 3, 4, 6, 8, 12]
  private static let rankingViews = 32
  /// How much faster bf16 has to be.
  private static let gain = 1.1

  /// Calibrates a network.
  ///
  /// - Parameters:
  ///   - load: the network as it was read.
  ///   - views: (N, 3, H, W), f32 in [-1, 1], to calibrate with; some hundred do.
  ///   - check: others to compare with float on; none: nothing is compared.
  ///   - mixed: mixtures of them.
  ///   - limits: how near it has to be.
  ///   - images: what it will be given, if not views; nothing is compared then.
  ///   - batchSize: how many images it will usually be given at once.
  ///   - timesBF16: whether other layers compute in bf16 where that is measured to be faster.
  /// - Throws: `TorchError` when it has no convolution that int8 is for, or does not come near enough.
  public init(
    _ load: () throws -> any Model, views: Tensor, check: Tensor? = nil, mixed: Tensor? = nil,
    limits: Limits? = nil, images: ONNXModel.Images = .views, batchSize: Int,
    timesBF16: Bool = false, with openVINO: OpenVINO
  ) throws {
    let side = views.shape[2]
    func logits(_ network: FrozenNetwork, _ images: Tensor) -> Tensor {
      network(images, .evaluation(.f32))
    }
    let float = try [check, mixed].map { images in
      try images.map { images in
        logits(
          try FrozenNetwork(
            load(), height: side, width: side, precision: .f32, batchSize: images.shape[0],
            with: openVINO, keepsWeights: false), images)
      }
    }
    let model = try load()
    model.freeze(on: .cpu, .f32)
    func compiled(
      _ scales: Int8Scales, _ blocks: [String]
    ) throws -> (network: FrozenNetwork, findings: Findings) {
      let network = try FrozenNetwork(
        model, height: side, width: views.shape[3], images: images, precision: .f32,
        batchSize: batchSize, int8: scales, with: openVINO)
      let near = zip(float, [check, mixed]).map { float, images in
        float.flatMap { float in
          images.map { Int8Agreement(float: float, other: logits(network, $0)) }
        }
      }
      return (
        network,
        Findings(
          scales: scales, floatBlocks: blocks, agreement: near[0], mixedAgreement: near[1])
      )
    }
    func meets(_ findings: Findings) -> Bool {
      guard let limits, let found = findings.agreement else { return true }
      return found.agreement >= limits.agreement && found.kl <= limits.kl
    }
    var ranking: [String] = []
    var last: (network: FrozenNetwork, findings: Findings)?
    for count in check == nil ? [0] : Self.trials {
      if count > 0, ranking.isEmpty, let last {
        ranking = Int8Calibration.ranking(
          of: model, last.findings.scales.layers.keys,
          views: views.narrowed(0, 0..<min(views.shape[0], Self.rankingViews)))
      }
      // What is all float is no longer int8.
      guard count == 0 || count < ranking.count else { break }
      let blocks = Set(ranking.prefix(count))
      let calibration = Int8Calibration(of: model, views: views, isFloat: blocks.contains)
      guard !calibration.scales.layers.isEmpty else { break }
      last = try compiled(calibration.scales, blocks.sorted())
      if let last, meets(last.findings) { break }
    }
    guard var last else { throw TorchError("it has no convolution that int8 is for") }
    if timesBF16, Engine.openVINOComputes(in: .bf16), meets(last.findings) {
      var scales = last.findings.scales
      scales.othersInBF16 = true
      let other = try compiled(scales, last.findings.floatBlocks)
      let some = views.narrowed(0, 0..<min(views.shape[0], last.network.batchSize))
      let isFaster = Self.time(last.network, some) >= Self.time(other.network, some) * Self.gain
      if isFaster, meets(other.findings) { last = other }
    }
    if let limits, let found = last.findings.agreement, !meets(last.findings) {
      throw TorchError(
        "int8 agrees with float on \(found.agreement) of the views and has a KL of \(found.kl) nats; "
          + "int8.agreement is \(limits.agreement) and int8.kl \(limits.kl)")
    }
    (network, findings) = last
  }

  /// A network that was calibrated before.
  ///
  /// - Throws: `TorchError` when OpenVINO cannot compile it.
  public init(
    _ load: () throws -> any Model, side: Int, findings: Findings, batchSize: Int,
    with openVINO: OpenVINO
  ) throws {
    let model = try load()
    model.freeze(on: .cpu, .f32)
    network = try FrozenNetwork(
      model, height: side, width: side, precision: .f32, batchSize: batchSize,
      int8: findings.scales, with: openVINO, keepsWeights: false)
    self.findings = findings
  }

  /// The shortest of three passes after one.
  private static func time(_ network: FrozenNetwork, _ images: Tensor) -> Duration {
    (0...3).map { _ in
      ContinuousClock().measure { _ = network(images, .evaluation(.f32)) }
    }.dropFirst().min() ?? .zero
  }
}
