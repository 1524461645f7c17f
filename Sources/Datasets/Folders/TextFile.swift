import Foundation
import FunMatchFiles

/// Reads lists: one entry a line.
enum TextFile {
  /// The lines that are not empty, without spaces around them.
  ///
  /// - Throws: `DatasetError` when the file is missing or cannot be read.
  static func lines(_ path: String) throws -> [ArraySlice<UInt8>] {
    let bytes = [UInt8](try data(path))
    // What Windows puts before a text is no part of it.
    let text = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes.dropFirst(3) : bytes[...]
    return text.split(separator: UInt8(ascii: "\n")).compactMap { line in
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
  /// - Throws: `DatasetError` when the file is missing, empty or cannot be read, or something else is in its place.
  static func data(_ path: String) throws -> Data {
    guard Folder.exists(path) else { throw DatasetError("\(path) is missing") }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DatasetError("\(path): cannot be read")
    }
    if let foreign = ForeignContent(beginning: data.prefix(ForeignContent.beginningSize)) {
      throw DatasetError("\(path): \(foreign.words)")
    }
    return data
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (9...13).contains(byte) }
}
