import Foundation

/// JSON as `--json` writes it: one line, keys sorted.
public enum JSONLine {
  /// The line, without a break at its end.
  public static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
