import FunMatchFiles

/// What the file formats agree on about sizes that a file declares.
enum Extent {
  /// libtorch's iterators and NumPy both stop at 64 dimensions.
  static let maximumRank = 64

  /// Bytes that `shape` takes with elements of `size` bytes, or nil when the shape cannot be that
  /// of an array: a negative size, too many dimensions, or a product that does not fit an Int even
  /// with sizes of 0 left out (which strides are made of).
  static func bytes(_ shape: [Int], elementSize size: Int) -> Int? {
    guard shape.count <= maximumRank, shape.allSatisfy({ $0 >= 0 }) else { return nil }
    var product = size
    for dimension in shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(dimension, 1))
      if overflow { return nil }
      product = next
    }
    return shape.contains(0) ? 0 : product
  }

  /// A byte other than 0 and 1 in memory typed `bool` would be undefined behaviour.
  static func requireBooleans(_ bytes: UnsafeRawBufferPointer, _ owner: String) throws {
    if let index = bytes.firstIndex(where: { $0 > 1 }) {
      throw FileError(
        "\(owner): element \(index) of a bool array is \(bytes[index]), expected 0 or 1")
    }
  }
}
