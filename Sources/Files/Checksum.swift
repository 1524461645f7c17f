import Crypto
import Foundation

/// SHA-256 (FIPS 180-4) of bytes and files, as 64 hexadecimal digits.
public enum Checksum {
  /// The digest of some bytes.
  public static func sha256(of bytes: UnsafeRawBufferPointer) -> String {
    var hash = RunningChecksum()
    hash.update(bytes)
    return hash.text
  }

  /// The digest of some bytes.
  public static func sha256(of bytes: [UInt8]) -> String {
    bytes.withUnsafeBytes { sha256(of: $0) }
  }

  /// The digest of a text in UTF-8.
  public static func sha256(of text: String) -> String { sha256(of: Array(text.utf8)) }

  /// The digest of a file, which is read piece by piece.
  ///
  /// - Throws: `FileError` when it cannot be read.
  public static func sha256(file path: String) throws -> String {
    var hash = RunningChecksum()
    try hash.update(file: path, count: InputFile(path).size)
    return hash.text
  }

  /// The digests of neighbouring stretches of the first bytes of a file, computed on all cores.
  ///
  /// - Parameter length: bytes of a stretch, positive; the last one may be shorter.
  /// - Throws: `FileError` when it cannot be read or becomes shorter meanwhile.
  package static func sha256s(
    of file: InputFile, first count: Int, each length: Int
  ) throws -> [String] {
    precondition(length > 0)
    return try Workers.map(count: (count + length - 1) / length) { index in
      let start = index * length
      return sha256(of: try file.read(at: start, count: min(length, count - start)))
    }
  }

  /// The first eight bytes of the digest of some bytes as one number, big endian.
  package static func start(of bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash = SHA256()
    hash.update(bufferPointer: bytes)
    return hash.finalize().prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
