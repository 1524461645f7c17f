import ArgumentParser
import FunMatchFiles
import FunMatchFrozen
import FunMatchModels
import FunMatchONNX
import FunMatchTorch

/// What computes networks that are not trained.
struct EngineOptions: ParsableArguments {
  @Option(
    help: """
      What computes networks that are not trained: openvino, libtorch, or auto: OpenVINO where it is at \
      hand on a CPU.
      """)
  var engine = Engine.auto

  /// Freezes a network, and says on standard error why OpenVINO does not compute it if it might.
  func freeze(
    _ network: any Model, height: Int, width: Int, images: ONNXModel.Images = .views,
    precision: DType, batchSize: Int, device: Device
  ) throws -> Frozen {
    let frozen = try engine.freeze(
      network, height: height, width: width, images: images, precision: precision,
      batchSize: batchSize, device: device)
    if let reason = frozen.reason {
      Terminal().say("libtorch computes: \(reason)")
    }
    return frozen
  }
}

extension Engine: ExpressibleByArgument {}
