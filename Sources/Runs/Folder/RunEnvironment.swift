import Foundation
import FunMatchFiles
import FunMatchTorch

/// What a run ran on, for `environment.json`.
public struct RunEnvironment: Codable, Sendable, Equatable {
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

  /// The version of this tool; the file `VERSION` tells the same, which a test sees to.
  public static let version = "0.2.0"

  /// This process.
  public init(device: Device) {
    funmatch = Self.version
    libtorch = Torch.version
    self.device = device.description
    threads = Torch.threads
    cpu = Torch.cpuCapability
    system = ProcessInfo.processInfo.operatingSystemVersionString
  }

  /// What several processes must have in common, or their students drift apart: SHA-256 of the program's file, versions, and
  /// on CPUs the kernels that updates are made with.
  ///
  /// - Throws: `FileError` when the file cannot be read.
  static func program(on device: Device) throws -> String {
    let path = Bundle.main.executablePath ?? CommandLine.arguments[0]
    let kernels = device == .cpu ? "kernels for \(Torch.cpuCapability)" : "any CPU"
    return "\(version), libtorch \(Torch.version), \(kernels), \(try Checksum.sha256(file: path))"
  }

  /// That of a run that was begun earlier; `nil` where it is not known.
  init?(path: String) {
    guard let read = JSONText.read(path, as: RunEnvironment.self) else { return nil }
    self = read
  }
}
