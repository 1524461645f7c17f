import FunMatchTorch
import FunMatchViews

/// A step's images on the device, mixed: what both networks are given.
public struct Batch {
  /// Images by resolution: (N, 3, resolution, resolution), f32 in [-1, 1], channels side by side in
  /// memory.
  public let images: [Int: Tensor]
  /// Class of each image before mixing; `nil` where nobody labelled it.
  public let labels: [Int?]
  /// Share of an image itself in its mixture, in [0.5, 1].
  public let lambda: Double

  /// Brings views to the device, scales and mixes them.
  public init(_ views: ImageBatch, lambda: Double, device: Device) {
    images = Dictionary(
      uniqueKeysWithValues: views.pixels.map { size, pixels in
        let scaled = Batch.scaled(pixels, count: views.count, size: size, device: device)
        return (size, Mixup.mix(scaled, lambda: lambda))
      })
    labels = views.labels
    self.lambda = lambda
  }

  /// uint8 (count, size, size, 3) to f32 (count, 3, size, size), u8 / 255 · 2 - 1 (big_vision's
  /// `value_range(-1, 1)`).
  public static func scaled(_ pixels: [UInt8], count: Int, size: Int, device: Device) -> Tensor {
    scaled(Tensor(pixels, shape: [count, size, size, 3]).to(device))
  }

  /// uint8 (N, H, W, 3) to f32 (N, 3, H, W) in [-1, 1].
  public static func scaled(_ pixels: Tensor) -> Tensor {
    let values = pixels.permuted([0, 3, 1, 2]).to(.f32)
    return values / .full([1], 255, device: pixels.device) * 2 - 1
  }
}
