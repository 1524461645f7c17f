/// A block of bytes that tensors lie in, as a pickle declares it.
struct PickledStorage: Equatable {
  let key: String
  /// Nil when the file leaves it to the tensors.
  let dtype: DType?
  let byteCount: Int
}

/// Where a tensor lies in its storage.
struct PickledTensor {
  /// Index in `PickleHeap.storages`.
  let storage: Int
  let dtype: DType
  let shape: [Int]
  /// In elements, one for each dimension.
  private let strides: [Int]
  /// In elements.
  private let offset: Int
  /// Bytes that the values take in C order; more than the storage has where strides are 0.
  let byteCount: Int

  /// Nil unless every element lies within the `available` bytes of the storage.
  init?(
    storage: Int, available: Int, dtype: DType, shape: [Int], strides: [Int], offset: Int
  ) {
    guard let byteCount = Extent.bytes(shape, elementSize: dtype.size),
      shape.count == strides.count, offset >= 0, strides.allSatisfy({ $0 >= 0 })
    else { return nil }
    if byteCount > 0 {
      var last = offset
      for (size, stride) in zip(shape, strides) {
        let (span, first) = (size - 1).multipliedReportingOverflow(by: stride)
        let (sum, second) = last.addingReportingOverflow(span)
        if first || second { return nil }
        last = sum
      }
      guard last < available / dtype.size else { return nil }
    }
    self.storage = storage
    self.dtype = dtype
    self.shape = shape
    // Where there is one element along a dimension, its stride means nothing and can be any number.
    self.strides = zip(shape, strides).map { $0 == 1 ? 0 : $1 }
    self.offset = offset
    self.byteCount = byteCount
  }

  /// The tensor, copied out of the bytes of its storage.
  func tensor(in storage: [UInt8], owner: String) throws -> Tensor {
    try storage.withUnsafeBytes { bytes in
      if isContiguous || byteCount == 0 {
        let start = byteCount == 0 ? 0 : offset * dtype.size
        return try tensor(
          UnsafeRawBufferPointer(rebasing: bytes[start..<start + byteCount]), owner)
      }
      let values =
        switch dtype.size {
        case 1: gathered(bytes, as: UInt8.self)
        case 2: gathered(bytes, as: UInt16.self)
        case 4: gathered(bytes, as: UInt32.self)
        default: gathered(bytes, as: UInt64.self)
        }
      return try values.withUnsafeBytes { try tensor($0, owner) }
    }
  }

  private func tensor(_ bytes: UnsafeRawBufferPointer, _ owner: String) throws -> Tensor {
    if dtype == .bool { try Extent.requireBooleans(bytes, owner) }
    return Tensor(bytes: bytes, shape: shape, dtype: dtype)
  }

  private var isContiguous: Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      guard stride == expected else { return false }
      expected *= size
    }
    return true
  }

  /// The elements in C order, as bytes.
  private func gathered<Word: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, as: Word.Type
  ) -> [UInt8] {
    let size = MemoryLayout<Word>.size
    let kept = shape.indices.filter { shape[$0] != 1 }
    let (sizes, steps) = (kept.map { shape[$0] }, kept.map { strides[$0] })
    let (inner, step) = (sizes.last ?? 1, steps.last ?? 0)
    return [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, initialized in
      let output = UnsafeMutableRawBufferPointer(buffer)
      var indices = [Int](repeating: 0, count: max(0, sizes.count - 1))
      var row = offset
      while initialized < byteCount {
        var source = row
        for _ in 0..<inner {
          let word = bytes.loadUnaligned(fromByteOffset: source * size, as: Word.self)
          output.storeBytes(of: word, toByteOffset: initialized, as: Word.self)
          initialized += size
          source += step
        }
        // The next row: like a counter with one digit for each dimension but the last.
        for dimension in indices.indices.reversed() {
          indices[dimension] += 1
          row += steps[dimension]
          if indices[dimension] < sizes[dimension] { break }
          row -= steps[dimension] * sizes[dimension]
          indices[dimension] = 0
        }
      }
    }
  }
}
