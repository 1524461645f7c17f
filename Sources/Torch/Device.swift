internal import CTorch

/// Where a tensor lives and its operators run.
public enum Device: Hashable, Sendable, CustomStringConvertible {
  case cpu
  case cuda(Int)
  case mps

  /// The fastest device that this machine and this libtorch offer: CUDA, then MPS, then the CPU.
  public static var automatic: Device {
    if ct_device_count(Int32(CT_CUDA.rawValue)) > 0 { return .cuda(0) }
    if ct_device_count(Int32(CT_MPS.rawValue)) > 0 { return .mps }
    return .cpu
  }

  /// The device that a user names: `cpu`, `cuda`, `cuda:N`, `mps` or `auto`.
  ///
  /// - Throws: `TorchError` when the name is unknown or there is no such device here.
  public init(named name: String) throws {
    let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    switch (parts.first.map(String.init), parts.count) {
    case ("auto", 1): self = .automatic
    case ("cpu", 1): self = .cpu
    case ("mps", 1): self = .mps
    case ("cuda", 1): self = .cuda(0)
    case ("cuda", 2):
      guard let index = Int(parts[1]), index >= 0 else { fallthrough }
      self = .cuda(index)
    default:
      throw TorchError("unknown device '\(name)': expected cpu, cuda, cuda:N, mps or auto")
    }
    guard let position = Int32(exactly: index), position < 4096 else {
      throw TorchError("unknown device '\(name)': expected cpu, cuda, cuda:N, mps or auto")
    }
    let found = count
    guard index < found else {
      throw TorchError(
        "no device '\(name)' on this machine: libtorch \(Torch.version) finds \(found) of its kind")
    }
  }

  /// Devices of this kind that libtorch can use here.
  public var count: Int { Int(ct_device_count(handle.type)) }

  /// `cpu`, `cuda:0`, `mps`.
  public var description: String {
    switch self {
    case .cpu: "cpu"
    case .cuda(let index): "cuda:\(index)"
    case .mps: "mps"
    }
  }

  /// Waits until everything queued on the device is done; needed before a clock is read.
  public func synchronize() {
    require("synchronize") { ct_synchronize(handle) }
  }

  /// Bytes of the device's own memory that nobody uses; `nil` for the CPU and where libtorch cannot tell.
  public var freeMemory: Int? {
    var bytes: Int64 = 0
    return ct_free_memory(handle, &bytes) == 0 ? Int(bytes) : nil
  }

  var index: Int {
    if case .cuda(let index) = self { index } else { 0 }
  }

  var handle: ct_device {
    switch self {
    case .cpu: ct_device(type: Int32(CT_CPU.rawValue), index: 0)
    case .cuda(let index): ct_device(type: Int32(CT_CUDA.rawValue), index: Int32(index))
    case .mps: ct_device(type: Int32(CT_MPS.rawValue), index: 0)
    }
  }

  init(_ handle: ct_device) {
    switch handle.type {
    case Int32(CT_CUDA.rawValue): self = .cuda(Int(handle.index))
    case Int32(CT_MPS.rawValue): self = .mps
    case Int32(CT_META.rawValue): preconditionFailure("a tensor without values is on no device")
    default: self = .cpu
    }
  }
}
