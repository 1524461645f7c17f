import FunMatchFiles

/// Memory for the pixels of many images of one size: uint8, (count, size, size, 3).
///
/// Workers fill it, each the images that it draws, before anybody else may see it; from then on it
/// does not change. That is why it can be handed from thread to thread.
public final class Pixels: @unchecked Sendable {
  /// Number of images.
  public let count: Int
  /// Side of an image in pixels.
  public let size: Int
  private let memory: UnsafeMutableBufferPointer<UInt8>

  /// Memory that nobody has written to yet.
  init(count: Int, size: Int) {
    self.count = count
    self.size = size
    memory = .allocate(capacity: count * size * size * 3)
  }

  /// A copy of pixels in memory.
  ///
  /// - Precondition: there are `count * size * size * 3` of them.
  public convenience init(_ values: [UInt8], count: Int, size: Int) {
    precondition(values.count == count * size * size * 3)
    self.init(count: count, size: size)
    _ = memory.initialize(from: values)
  }

  deinit { memory.deallocate() }

  /// Where the image at `index` belongs, or is.
  func slot(_ index: Int) -> UnsafeMutableBufferPointer<UInt8> {
    let bytes = size * size * 3
    return UnsafeMutableBufferPointer(rebasing: memory[index * bytes..<(index + 1) * bytes])
  }

  /// All values, valid as long as this object is.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory) }

  /// A copy of all values.
  public var array: [UInt8] { Array(memory) }
}
