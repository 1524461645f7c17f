import FunMatchModels
import FunMatchTorch

/// A network that is frozen, and what computes it.
public struct Frozen {
  /// The network.
  public let network: any Classifier
  /// What computes it: not `auto`.
  public let engine: Engine
  /// Why libtorch computes although OpenVINO might; `nil` where it does not, or was asked to.
  public let reason: String?

  /// A network that is frozen already.
  package init(network: any Classifier, engine: Engine, reason: String? = nil) {
    (self.network, self.engine, self.reason) = (network, engine, reason)
  }

  /// What its logits depend on beside its weights, for comparisons: nothing is said of libtorch.
  public var identity: [String] { engine == .openvino ? ["engine: openvino"] : [] }

  /// What shows in the last bits of its logits: versions and instructions.
  public var environment: [String] {
    let kernels = ["kernels: \(Torch.cpuCapability)"]
    guard engine == .openvino, let openVINO = OpenVINO.atHand else {
      return ["libtorch: \(Torch.version)"] + kernels
    }
    let capabilities = openVINO.capabilities.sorted().joined(separator: " ")
    return ["openvino: \(openVINO.version)", "capabilities: \(capabilities)"] + kernels
  }
}
