import Foundation
import FunMatchTorch

/// What a run ran on, for `environment.json`.
public struct RunEnvironment: Codable, Sendable {
  /// This tool's version.
  public let funmatch: String
  /// libtorch's version.
  public let libtorch: String
  /// Where it computed.
  public let device: String
  /// Threads of an operator on the CPU.
  public let threads: Int
  /// The instruction set of libtorch's kernels.
  public let cpu: String
  /// Operating system.
  public let system: String

  /// The version of this tool.
  public static let version = "0.1.0"

  /// This process.
  public init(device: Device) {
    funmatch = Self.version
    libtorch = Torch.version
    self.device = device.description
    threads = Torch.threads
    cpu = Torch.cpuCapability
    system = ProcessInfo.processInfo.operatingSystemVersionString
  }

  /// Writes it as JSON.
  ///
  /// - Throws: `TorchError` when the file cannot be written.
  public func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try AtomicFile.write(to: path, encoder.encode(self))
  }
}
