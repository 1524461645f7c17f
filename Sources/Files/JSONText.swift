import Foundation

/// JSON with its keys sorted, so that the same value is the same text.
///
/// A file of an object begins with `check`, the SHA-256 of the text without that line.
public enum JSONText {
  /// In one line, without a break at its end, as `--json` writes it.
  public static func line(_ value: some Encodable) throws -> String {
    String(decoding: try encoder([]).encode(value), as: UTF8.self)
  }

  /// Over several lines, for files that people look at, too.
  public static func pretty(_ value: some Encodable) throws -> Data {
    try encoder(.prettyPrinted).encode(value)
  }

  /// Writes a file of it, which carries its own checksum where it is an object.
  ///
  /// - Throws: `FileError` when it cannot be written.
  public static func write(_ value: some Encodable, to path: String) throws {
    let text = try pretty(value)
    guard text.starts(with: opening) else { return try AtomicFile.write(to: path, text) }
    let line = checkName + Checksum.sha256(of: [UInt8](text)) + lineEnd
    try AtomicFile.write(to: path, opening + Data(line.utf8) + text.dropFirst(opening.count))
  }

  /// What a file holds; `nil` where there is none or it is damaged. One that carries no checksum, as those of earlier
  /// versions and of other programs, is read as it is.
  public static func read<Value: Decodable>(
    _ path: String, as type: Value.Type = Value.self
  ) -> Value? {
    FileManager.default.contents(atPath: path).flatMap(unchecked)
      .flatMap { try? JSONDecoder().decode(Value.self, from: $0) }
  }

  private static let opening = Data("{\n".utf8)
  private static let checkName = "  \"check\" : \""
  private static let lineEnd = "\",\n"

  /// A file's text without its checksum; `nil` where it is not of that text.
  private static func unchecked(_ text: Data) -> Data? {
    let name = opening + Data(checkName.utf8)
    guard text.starts(with: name) else { return text }
    let rest = text.dropFirst(name.count)
    guard rest.dropFirst(64).starts(with: Data(lineEnd.utf8)) else { return nil }
    let bare = opening + rest.dropFirst(64 + lineEnd.utf8.count)
    let sum = String(decoding: rest.prefix(64), as: UTF8.self)
    return Checksum.sha256(of: [UInt8](bare)) == sum ? bare : nil
  }

  /// A key that an object in a valid text has twice, of which decoders keep one in silence.
  package static func repeatedKey(_ text: [UInt8]) -> String? {
    var objects: [Set<ArraySlice<UInt8>>] = []
    var (start, last) = (Int?.none, text[..<0])
    var isEscaped = false
    for (place, byte) in text.enumerated() {
      if let first = start {
        if byte == UInt8(ascii: "\""), !isEscaped { (start, last) = (nil, text[first..<place]) }
        isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): start = place + 1
      case UInt8(ascii: "{"), UInt8(ascii: "["): objects.append([])
      case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = objects.popLast()
      case UInt8(ascii: ":"):
        guard let depth = objects.indices.last, !objects[depth].insert(last).inserted else {
          continue
        }
        return String(decoding: last, as: UTF8.self)
      default: continue
      }
    }
    return nil
  }

  private static func encoder(_ more: JSONEncoder.OutputFormatting) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = more.union([.sortedKeys, .withoutEscapingSlashes])
    return encoder
  }
}
