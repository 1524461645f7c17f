import ArgumentParser
import FunMatchTorch

/// Where a command computes.
struct DeviceOptions: ParsableArguments {
  @Option(help: "Where to compute: cpu, cuda, cuda:N, mps or auto.")
  var device = "auto"

  @Option(help: "Threads of an operator on the CPU; libtorch's own choice without it.")
  var threads: Int?

  /// The device, once the number of threads is set.
  func resolve() throws -> Device {
    if let threads {
      guard (1...4096).contains(threads) else {
        throw ValidationError("--threads must be at least 1")
      }
      Torch.threads = threads
    }
    return try Device(named: device)
  }
}
