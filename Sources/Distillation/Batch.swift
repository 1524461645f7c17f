import FunMatchTorch
import FunMatchViews

/// A step's images on the device, mixed: what the networks are given.
public struct Batch {
  /// Images for the student by resolution: (N, 3, resolution, resolution), f32 in [-1, 1], channels
  /// side by side in memory.
  public let student: [Int: Tensor]
  /// Images for the teachers likewise; where they share the student's views, the very same tensors.
  public let teacher: [Int: Tensor]
  /// Places of the images in their data set, before mixing.
  public let indices: [Int]
  /// Class of each image before mixing; `nil` where nobody labelled it.
  public let labels: [Int?]
  /// Share of an image itself in its mixture, in [0.5, 1].
  public let lambda: Double

  /// Brings views to the device, scales and mixes them.
  public init(_ views: ImageBatch, lambda: Double, device: Device) {
    func mixed(_ pixels: [Int: Pixels]) -> [Int: Tensor] {
      pixels.mapValues { Mixup.mix(Batch.scaled($0, device: device), lambda: lambda) }
    }
    student = mixed(views.student)
    teacher = views.teacher.isEmpty ? student : mixed(views.teacher)
    indices = views.indices
    labels = views.labels
    self.lambda = lambda
  }

  /// uint8 (count, size, size, 3) to f32 (count, 3, size, size), u8 / 255 · 2 - 1 (big_vision's
  /// `value_range(-1, 1)`).
  public static func scaled(_ pixels: Pixels, device: Device) -> Tensor {
    let shape = [pixels.count, pixels.size, pixels.size, 3]
    // The tensor copies the bytes, so the pixels need not outlive this call.
    return withExtendedLifetime(pixels) {
      scaled(Tensor(bytes: pixels.bytes, shape: shape, dtype: .u8).to(device))
    }
  }

  /// uint8 (N, H, W, 3) to f32 (N, 3, H, W) in [-1, 1].
  public static func scaled(_ pixels: Tensor) -> Tensor {
    let values = pixels.permuted([0, 3, 1, 2]).to(.f32)
    return values / .full([1], 255, device: pixels.device) * 2 - 1
  }
}
