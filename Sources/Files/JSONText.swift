import Foundation

/// JSON with its keys sorted, so that the same value is the same text.
public enum JSONText {
  /// In one line, without a break at its end, as `--json` writes it.
  public static func line(_ value: some Encodable) throws -> String {
    String(decoding: try encoder([]).encode(value), as: UTF8.self)
  }

  /// Over several lines, for files that people look at, too.
  public static func pretty(_ value: some Encodable) throws -> Data {
    try encoder(.prettyPrinted).encode(value)
  }

  /// Writes a file of it.
  ///
  /// - Throws: `FileError` when it cannot be written.
  public static func write(_ value: some Encodable, to path: String) throws {
    try AtomicFile.write(to: path, pretty(value))
  }

  /// What a file holds; `nil` where there is none or it is damaged.
  public static func read<Value: Decodable>(
    _ path: String, as type: Value.Type = Value.self
  ) -> Value? {
    FileManager.default.contents(atPath: path)
      .flatMap { try? JSONDecoder().decode(Value.self, from: $0) }
  }

  private static func encoder(_ more: JSONEncoder.OutputFormatting) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = more.union([.sortedKeys, .withoutEscapingSlashes])
    return encoder
  }
}
