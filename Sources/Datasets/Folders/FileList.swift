import Foundation
import FunMatchFiles

/// Names of many files, kept as one run of bytes: a million of them cost their characters and eight
/// bytes each. Names need not be UTF-8.
struct FileList: Sendable {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []

  var count: Int { ends.count }

  /// Adds the name that `prefix` and `name` make together.
  mutating func append(_ prefix: [UInt8], _ name: some Collection<UInt8> = []) {
    bytes.append(contentsOf: prefix)
    bytes.append(contentsOf: name)
    ends.append(bytes.count)
  }

  mutating func append(_ text: String) {
    bytes.append(contentsOf: text.utf8)
    ends.append(bytes.count)
  }

  mutating func append(contentsOf other: FileList) {
    let start = bytes.count
    bytes.append(contentsOf: other.bytes)
    ends.append(contentsOf: other.ends.lazy.map { start + $0 })
  }

  /// Lends the bytes of a name.
  func withBytes<Result>(
    at index: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result {
    let start = index == 0 ? 0 : ends[index - 1]
    return try bytes.withUnsafeBufferPointer {
      try body(UnsafeBufferPointer(rebasing: $0[start..<ends[index]]))
    }
  }

  /// A name as text.
  subscript(index: Int) -> String {
    withBytes(at: index) { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether one name comes before another, compared byte by byte.
  func precedes(_ first: Int, _ second: Int) -> Bool {
    withBytes(at: first) { left in
      withBytes(at: second) { Self.compare(left, $0) < 0 }
    }
  }

  /// Whether a list that is sorted bytewise has this name.
  func contains(_ name: [UInt8]) -> Bool {
    name.withUnsafeBufferPointer { wanted in
      var (low, high) = (0, count)
      while low < high {
        let middle = (low + high) / 2
        let order = withBytes(at: middle) { Self.compare($0, wanted) }
        if order == 0 { return true }
        if order < 0 { low = middle + 1 } else { high = middle }
      }
      return false
    }
  }

  /// The names in another order.
  func permuted(_ order: [UInt32]) -> FileList {
    var result = FileList()
    result.ends.reserveCapacity(order.count)
    result.bytes.reserveCapacity(bytes.count)
    for index in order {
      withBytes(at: Int(index)) { result.bytes.append(contentsOf: $0) }
      result.ends.append(result.bytes.count)
    }
    return result
  }

  /// The order in which a data set that comes sorted by class is used: by the first eight bytes, big
  /// endian, of the SHA-256 of each name. Any run of it has about every class in it, and it depends
  /// on nothing but the names.
  func mixedOrder() -> [UInt32] {
    var keys = (0..<count).map { index in
      (hash: withBytes(at: index) { Checksum.start(of: UnsafeRawBufferPointer($0)) }, index: index)
    }
    keys.sort { $0.hash == $1.hash ? precedes($0.index, $1.index) : $0.hash < $1.hash }
    return keys.map { UInt32($0.index) }
  }

  private static func compare(
    _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
  ) -> Int {
    let common = min(left.count, right.count)
    if common > 0, let first = left.baseAddress, let second = right.baseAddress {
      let order = memcmp(first, second, common)
      if order != 0 { return Int(order) }
    }
    return left.count - right.count
  }
}
