import FunMatchTorch
import FunMatchViews

extension Batch {
  /// uint8 (count, size, size, 3) to f32 (count, 3, size, size), u8 / 255 · 2 - 1 (big_vision's
  /// `value_range(-1, 1)`).
  ///
  /// - Parameter rows: which of the images; all without it.
  public static func scaled(_ pixels: Pixels, rows: Range<Int>? = nil, device: Device) -> Tensor {
    let rows = rows ?? 0..<pixels.count
    let size = pixels.size * pixels.size * 3
    // The tensor copies the bytes, so the pixels need not outlive this call.
    return withExtendedLifetime(pixels) {
      let bytes = UnsafeRawBufferPointer(
        rebasing: pixels.bytes[rows.lowerBound * size..<rows.upperBound * size])
      let shape = [rows.count, pixels.size, pixels.size, 3]
      return scaled(Tensor(bytes: bytes, shape: shape, dtype: .u8).to(device))
    }
  }

  /// uint8 (N, H, W, 3) to f32 (N, 3, H, W) in [-1, 1].
  public static func scaled(_ pixels: Tensor) -> Tensor {
    pixels.permuted([0, 3, 1, 2]).to(.f32) / .full([1], 255, device: pixels.device) * 2 - 1
  }
}
