import FunMatchTorch
import FunMatchViews

/// Images of a step on the device, mixed: what the networks are given. All of the step's, or some rows
/// of them where it is made in parts; partners are those of the whole step.
public struct Batch {
  /// Images for the student by resolution: (N, 3, resolution, resolution), f32 in [-1, 1], channels
  /// side by side in memory.
  public let student: [Int: Tensor]
  /// Images for the teachers likewise; where they share the student's views, the very same tensors.
  public let teacher: [Int: Tensor]
  /// Which rows of the step's images these are.
  public let rows: Range<Int>
  /// Number of images of the whole step.
  public let stepCount: Int
  /// Places of the images in their data set.
  public let indices: [Int]
  /// Places of those that they are mixed with.
  public let partners: [Int]
  /// Class of each image; `nil` where nobody labelled it.
  public let labels: [Int?]
  /// Class of each partner.
  public let partnerLabels: [Int?]
  /// Share of an image itself in its mixture, in [0.5, 1].
  public let lambda: Double

  /// Brings views to the device, scales and mixes them.
  ///
  /// - Parameter rows: which of them; all without it.
  public init(_ views: ImageBatch, rows: Range<Int>? = nil, lambda: Double, device: Device) {
    let rows = rows ?? 0..<views.count
    func mixed(_ pixels: [Int: Pixels]) -> [Int: Tensor] {
      pixels.mapValues { Batch.mixed($0, rows, lambda: lambda, device: device) }
    }
    self.rows = rows
    stepCount = views.count
    student = mixed(views.student)
    teacher = views.teacher.isEmpty ? student : mixed(views.teacher)
    let partners = rows.map { Mixup.partner(of: $0, count: views.count) }
    indices = rows.map { views.indices[$0] }
    self.partners = partners.map { views.indices[$0] }
    labels = rows.map { views.labels[$0] }
    partnerLabels = partners.map { views.labels[$0] }
    self.lambda = lambda
  }

  private static func mixed(
    _ pixels: Pixels, _ rows: Range<Int>, lambda: Double, device: Device
  ) -> Tensor {
    func scaled(_ rows: Range<Int>) -> Tensor { self.scaled(pixels, rows: rows, device: device) }
    if lambda == 1 { return scaled(rows) }
    if rows.count == pixels.count {
      let images = scaled(rows)
      return Mixup.mix(images, images.rolled(1), lambda: lambda)
    }
    // One more row than wanted: the partner of each is the one before it.
    let first = Mixup.partner(of: rows.lowerBound, count: pixels.count)
    let images =
      rows.lowerBound > 0
      ? scaled(rows.lowerBound - 1..<rows.upperBound)
      : .concatenated([scaled(first..<first + 1), scaled(rows)]).channelsLast
    return Mixup.mix(
      images.narrowed(0, 1..<rows.count + 1), images.narrowed(0, 0..<rows.count), lambda: lambda)
  }

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
