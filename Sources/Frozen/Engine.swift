import FunMatchModels
import FunMatchONNX
import FunMatchSettings
import FunMatchTorch

/// What frozen networks compute on: teachers, and what is evaluated or predicts.
public enum Engine: String, SettingName, CaseIterable {
  /// OpenVINO where it is at hand and can, else libtorch.
  case auto
  /// libtorch, as what is trained does.
  case libtorch
  /// OpenVINO alone.
  case openvino

  /// Freezes `network`, which is no longer needed where another takes its place.
  ///
  /// - Parameters:
  ///   - height: pixels of the images that it will be given.
  ///   - width: pixels of the images.
  ///   - images: what they are, where they are not views. libtorch takes views whatever is said here.
  ///   - precision: f32, bf16 or f16.
  ///   - batchSize: how many images it will usually be given at once.
  /// - Throws: `TorchError` when OpenVINO is asked for and cannot.
  public func freeze(
    _ network: any Classifier, height: Int, width: Int, images: ONNXModel.Images = .views,
    precision: DType, batchSize: Int, device: Device
  ) throws -> Frozen {
    var reason: String?
    // A GPU has no need of OpenVINO.
    if self == .openvino || (self == .auto && device == .cpu) {
      do {
        let compiled = try Self.compile(
          network, height, width, images, precision, batchSize, device)
        return Frozen(network: compiled, engine: .openvino, reason: nil)
      } catch let error as TorchError
        where self == .auto && (network as? any Model)?.store.isDiscarded != true
      {
        reason = error.description
      }
    }
    network.freeze(on: device, precision)
    return Frozen(network: network, engine: .libtorch, reason: reason)
  }

  /// Whether OpenVINO is at hand, and this CPU has instructions for a format.
  public static func openVINOComputes(in precision: DType?) -> Bool {
    let names: [DType: String] = [.f32: "FP32", .bf16: "BF16", .f16: "FP16"]
    guard let precision, let name = names[precision] else { return false }
    return OpenVINO.atHand?.capabilities.contains(name) ?? false
  }

  private static func compile(
    _ network: any Classifier, _ height: Int, _ width: Int, _ images: ONNXModel.Images,
    _ precision: DType, _ batchSize: Int, _ device: Device
  ) throws -> FrozenNetwork {
    guard device == .cpu else {
      throw TorchError("OpenVINO computes on the CPU alone, not on \(device)")
    }
    let openVINO = try OpenVINO.found.get()
    guard let model = network as? any Model else {
      throw TorchError("OpenVINO takes networks whose weights are known, not programs")
    }
    guard openVINOComputes(in: precision) else {
      throw TorchError("OpenVINO does not compute in \(precision) on this CPU")
    }
    return try FrozenNetwork(
      model, height: height, width: width, images: images, precision: precision,
      batchSize: batchSize, with: openVINO, keepsWeights: false)
  }
}
