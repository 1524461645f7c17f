import Foundation

/// Reads lists: one entry a line.
enum TextFile {
  /// The lines that are not empty, without spaces around them.
  ///
  /// - Throws: `DatasetError` when the file is missing or cannot be read.
  static func lines(_ path: String) throws -> [ArraySlice<UInt8>] {
    let bytes = [UInt8](try data(path))
    return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      guard let first = line.firstIndex(where: { !isSpace($0) }),
        let last = line.lastIndex(where: { !isSpace($0) })
      else { return nil }
      return line[first...last]
    }
  }

  /// The same as text.
  static func texts(_ path: String) throws -> [String] {
    try lines(path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// All bytes of a file.
  ///
  /// - Throws: `DatasetError` when the file is missing or cannot be read.
  static func data(_ path: String) throws -> Data {
    guard Folder.exists(path) else { throw DatasetError("\(path) is missing") }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DatasetError("\(path): cannot be read")
    }
    return data
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (9...13).contains(byte) }
}
