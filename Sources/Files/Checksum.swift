import Crypto
import Foundation

/// SHA-256 (FIPS 180-4) of bytes and files, as 64 hexadecimal digits.
public enum Checksum {
  /// The digest of some bytes.
  public static func sha256(of bytes: UnsafeRawBufferPointer) -> String {
    var hash = SHA256()
    hash.update(bufferPointer: bytes)
    return text(hash.finalize())
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
    let file = try InputFile(path)
    var hash = SHA256()
    for start in stride(from: 0, to: file.size, by: 1 << 20) {
      let bytes = try file.read(at: start, count: min(1 << 20, file.size - start))
      bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }
    return text(hash.finalize())
  }

  /// The digests of neighbouring stretches of some bytes, computed on all cores.
  ///
  /// - Parameter length: bytes of a stretch, positive; the last one may be shorter.
  public static func sha256s(of bytes: UnsafeRawBufferPointer, each length: Int) -> [String] {
    precondition(length > 0)
    // Read only, by threads that end before this call does.
    nonisolated(unsafe) let bytes = bytes
    let starts = Array(stride(from: 0, to: bytes.count, by: length))
    let digests = try? Workers.map(count: starts.count) { index in
      let end = min(starts[index] + length, bytes.count)
      return sha256(of: UnsafeRawBufferPointer(rebasing: bytes[starts[index]..<end]))
    }
    return digests ?? []
  }

  /// The first eight bytes of the digest of some bytes as one number, big endian.
  package static func start(of bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash = SHA256()
    hash.update(bufferPointer: bytes)
    return hash.finalize().prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func text(_ digest: SHA256.Digest) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
