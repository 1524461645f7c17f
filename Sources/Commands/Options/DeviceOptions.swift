import ArgumentParser
import Foundation
import FunMatchFiles
import FunMatchTorch

/// Where a command computes.
struct DeviceOptions: ParsableArguments {
  @Option(help: "Where to compute: cpu, cuda, cuda:N, mps or auto.")
  var device = "auto"

  @Option(help: "Threads of an operator on the CPU; libtorch's own choice without it.")
  var threads: Int?

  func validate() throws {
    guard (1...4096).contains(threads ?? 1) else {
      throw ValidationError("--threads must be between 1 and 4096")
    }
  }

  /// The device, once the number of threads is set.
  ///
  /// - Parameter localRank: number of this process among those of its machine, where there are several: `cuda` and `auto`
  ///   are its own GPU then.
  func resolve(localRank: Int? = nil) throws -> Device {
    if let threads { Torch.threads = threads }
    let wanted = Torch.threads
    if let found = Torch.settleThreads() {
      Terminal().say(
        "warning: \(wanted) threads were to compute, and this process can have \(found) (OMP_THREAD_LIMIT, or a limit "
          + "of the system)")
    }
    let found = try Device(named: device)
    guard let localRank, !device.contains(":"), case .cuda = found else { return found }
    return try Device(named: "cuda:\(localRank)")
  }
}
