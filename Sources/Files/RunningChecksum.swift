import Crypto

/// SHA-256 of bytes that come one after another.
package struct RunningChecksum {
  private var hash = SHA256()

  /// Of nothing yet.
  package init() {}

  /// Takes in the next bytes.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    hash.update(bufferPointer: bytes)
  }

  /// Takes in the next bytes, a text in UTF-8.
  package mutating func update(_ text: String) {
    Array(text.utf8).withUnsafeBytes { hash.update(bufferPointer: $0) }
  }

  /// Takes in the beginning of a file.
  ///
  /// - Throws: `FileError` when it has fewer bytes, or cannot be read.
  package mutating func update(file path: String, count: Int) throws {
    let file = try InputFile(path)
    for start in stride(from: 0, to: count, by: 1 << 20) {
      try file.read(at: start, count: min(1 << 20, count - start)).withUnsafeBytes { update($0) }
    }
  }

  /// The digest of all so far, as 64 hexadecimal digits.
  package var text: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
      as: UTF8.self)
  }
}
