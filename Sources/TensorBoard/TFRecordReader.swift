import Foundation
import FunMatchFiles

/// Reads the records of a TFRecord file one after another, up to its end or to what is damaged. The
/// file may be far larger than memory.
package final class TFRecordReader {
  /// A longer record counts as damage: events with scalars have a few hundred bytes.
  private static let longest = 1 << 24

  /// Where the last record that was read ends, in bytes from the beginning of the file.
  package private(set) var offset: UInt64 = 0

  private let path: String
  private let file: UnsafeMutablePointer<FILE>

  /// Opens a file.
  ///
  /// - Throws: `FileError` when it cannot be read.
  package init(path: String) throws {
    guard let file = fopen(path, "rb") else { throw Self.failure(path) }
    self.path = path
    self.file = file
  }

  deinit { fclose(file) }

  /// The next record, or `nil` when no whole one follows whose checksums are right.
  ///
  /// - Throws: `FileError` when the file cannot be read.
  package func next() throws -> [UInt8]? {
    guard let length = try read(8), try hasChecksum(length) else { return nil }
    let count = length.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard count <= Self.longest, let record = try read(Int(count)), try hasChecksum(record) else {
      return nil
    }
    offset += count + 16
    return record
  }

  private func hasChecksum(_ bytes: [UInt8]) throws -> Bool {
    try read(4) == TFRecord.littleEndian(CRC32C.masked(bytes))
  }

  private func read(_ count: Int) throws -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      done = fread(buffer.baseAddress, 1, count, file)
    }
    guard ferror(file) == 0 else { throw Self.failure(path) }
    return bytes.count == count ? bytes : nil
  }

  private static func failure(_ path: String) -> FileError {
    FileError("\(path): cannot be read (\(String(cString: strerror(errno))))")
  }
}
