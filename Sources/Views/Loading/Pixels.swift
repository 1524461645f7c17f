import Foundation
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
  ///
  /// - Throws: `ViewError` when there is not enough.
  convenience init(count: Int, size: Int) throws {
    guard let memory = Self.memory(count: count, size: size) else {
      throw ViewError(
        "there is not enough memory for \(count) views of \(size) x \(size) pixels; a smaller batchSize "
          + "takes less")
    }
    self.init(memory, count: count, size: size)
  }

  private init(_ memory: UnsafeMutableBufferPointer<UInt8>, count: Int, size: Int) {
    (self.memory, self.count, self.size) = (memory, count, size)
  }

  /// `nil` where there is not enough: Swift's own allocation would end the program.
  private static func memory(count: Int, size: Int) -> UnsafeMutableBufferPointer<UInt8>? {
    let (bytes, isHuge) = (size * size * 3).multipliedReportingOverflow(by: count)
    guard !isHuge, let start = malloc(max(bytes, 1)) else { return nil }
    return UnsafeMutableBufferPointer(
      start: start.bindMemory(to: UInt8.self, capacity: bytes), count: bytes)
  }

  /// A copy of pixels in memory.
  ///
  /// - Precondition: there are `count * size * size * 3` of them.
  public convenience init(_ values: [UInt8], count: Int, size: Int) {
    precondition(values.count == count * size * size * 3)
    guard let memory = Self.memory(count: count, size: size) else {
      preconditionFailure("there is not enough memory for \(values.count) pixels")
    }
    _ = memory.initialize(from: values)
    self.init(memory, count: count, size: size)
  }

  deinit { free(memory.baseAddress) }

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
