import FunMatchDistillation
import FunMatchFiles
import FunMatchFrozen
import FunMatchModels
import FunMatchRecipes
import FunMatchTorch

/// Calibrates a teacher to int8 on views of its run, once: what was found is kept.
struct Int8Teacher {
  let teacher: TeacherRecipe
  /// What tells the network from others.
  let name: [String]
  /// Whether it will be shown mixtures.
  let mixup: Bool
  let views: (_ resolution: Int, _ count: Int) throws -> Tensor
  /// Where findings are kept.
  let folder: String
  /// The checksum that its run began with, if that has begun, and what it knows of it.
  let checksum: String?
  let known: Int8Network.Findings?
  /// Told what that cost, where it was not known from before.
  let tell: (String) -> Void

  private static let calibrated = 256
  private static let checked = 512

  private struct Kept: Codable {
    let key: [String]
    let findings: Int8Network.Findings
  }

  /// The teacher in int8.
  ///
  /// - Parameter batchSize: how many images it will usually be given at once.
  /// - Throws: `TorchError` with both figures when it is not near enough to float.
  func network(_ load: () throws -> any Model, _ batchSize: Int) throws -> Int8Network {
    let openVINO = try OpenVINO.found.get()
    func network(_ findings: Int8Network.Findings) throws -> Int8Network {
      try Int8Network(
        load, side: teacher.resolution, findings: findings, batchSize: batchSize, with: openVINO)
    }
    if let known { return try network(known) }
    // Features of all views at a time take no more than some gigabytes.
    let room = max(
      32, min(Self.calibrated, (1 << 28) / (32 * teacher.resolution * teacher.resolution)))
    let all = try views(teacher.resolution, Self.calibrated + Self.checked)
    let images = all.narrowed(0, 0..<room)
    let check = all.narrowed(0, Self.calibrated..<Self.calibrated + Self.checked)
    let key =
      name + [
        "calibration 2", "\(Processor.identity)", "\(teacher.resolution) px",
        "libtorch \(Torch.version) \(Torch.cpuCapability)",
        "openvino \(openVINO.version)", "\(teacher.int8.agreement), \(teacher.int8.kl)",
        "views \(Checksum.sha256(of: all.contiguous.bytes))",
      ]
    let path = "\(folder)/\(Checksum.sha256(of: key.joined(separator: "\n")).prefix(32)).json"
    if let kept = JSONText.read(path, as: Kept.self), kept.key == key {
      return try network(asBegun(kept.findings))
    }
    let start = ContinuousClock.now
    let calibrated = try Int8Network(
      load, views: images, check: check,
      mixed: mixup ? Mixup.mix(check, check.rolled(1), lambda: 0.7) : nil,
      limits: .init(agreement: teacher.int8.agreement, kl: teacher.int8.kl),
      batchSize: batchSize, timesBF16: true, with: openVINO)
    try CacheFolder.use {
      try AtomicFile.makeFolder(folder)
      try JSONText.write(Kept(key: key, findings: calibrated.findings), to: path)
    }
    tell("calibrated to int8 in \(NumberText.duration(start.duration(to: .now).seconds))")
    let begun = try asBegun(calibrated.findings)
    return begun == calibrated.findings ? calibrated : try network(begun)
  }

  /// Timed again, another format of other layers may be faster: the one that the run began with stays.
  private func asBegun(_ findings: Int8Network.Findings) throws -> Int8Network.Findings {
    let other = findings.otherwise
    return try checksum == other.checksum() ? other : findings
  }

  /// What is to be said of it.
  func words(_ findings: Int8Network.Findings) -> String {
    func words(_ found: Int8Agreement) -> String {
      "\(NumberText.fixed(found.agreement, 4)) where float's margin is above 0.1 "
        + "(\(NumberText.fixed(found.agreementOfAll, 4)) of all), KL \(NumberText.significant(found.kl)) nats"
    }
    let float = findings.floatBlocks
    return "teacher computes in int8; of \(Self.checked) views it agrees with float on "
      + (findings.agreement.map(words) ?? "an unknown share")
      + (findings.mixedAgreement.map { "; mixed: " + words($0) } ?? "")
      + (float.isEmpty ? "" : "; in float: \(float.joined(separator: ", "))")
  }
}

extension Int8Network.Findings {
  /// SHA-256 of the ranges and corrections, by which runs and banks know them.
  func checksum() throws -> String { Checksum.sha256(of: try JSONText.line(scales)) }
}
