/// The views of one step, ready for the engine.
public struct ImageBatch: Sendable {
  /// Pixels by resolution: uint8, (count, resolution, resolution, 3), the same views at each.
  public let pixels: [Int: [UInt8]]
  /// Number of images.
  public let count: Int
  /// Places of the images in their data set.
  public let indices: [Int]
  /// Class of each image; `nil` where nobody labelled it.
  public let labels: [Int?]

  /// - Precondition: `indices` and `labels` have `count` elements and the pixels fit `count`
  ///   images.
  public init(pixels: [Int: [UInt8]], count: Int, indices: [Int], labels: [Int?]) {
    precondition(indices.count == count && labels.count == count)
    precondition(pixels.allSatisfy { $0.value.count == count * $0.key * $0.key * 3 })
    self.pixels = pixels
    self.count = count
    self.indices = indices
    self.labels = labels
  }
}
