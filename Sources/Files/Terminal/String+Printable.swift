extension String {
  /// The text as it can be shown on a terminal: control characters (C0, DEL, C1), line and paragraph separators and what turns
  /// the direction of writing stand there as they are written in Swift, `\n` or `\u{1B}`. File names and class names are from
  /// elsewhere, and may hold anything.
  public var printable: String {
    guard unicodeScalars.contains(where: { Self.isUnprintable($0) }) else { return self }
    return unicodeScalars.reduce(into: "") { text, scalar in
      guard Self.isUnprintable(scalar) else {
        text.unicodeScalars.append(scalar)
        return
      }
      switch scalar {
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default: text += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
      }
    }
  }

  private static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
