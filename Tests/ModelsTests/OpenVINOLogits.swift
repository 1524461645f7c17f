import FunMatchFrozen
import FunMatchModels
import FunMatchONNX
import FunMatchTorch

/// What OpenVINO makes of images (N, 3, H, W) in a network's own range, in f32; `nil` where it is not here.
func openVINOLogits(_ model: any Model, _ images: Tensor) throws -> Tensor? {
  guard let openVINO = OpenVINO.atHand else { return nil }
  let network = try FrozenNetwork(
    model, height: images.shape[2], width: images.shape[3], images: .scaledRows, precision: .f32,
    batchSize: images.shape[0], with: openVINO)
  return network.logits(images.permuted([0, 2, 3, 1]))
}
