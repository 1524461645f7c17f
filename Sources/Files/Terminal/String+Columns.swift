extension String {
  /// Columns of a terminal that the text takes: 2 for a wide character of East Asia or an emoji, 0 for what is put on the
  /// character before. Of emoji that are made of several, terminals may show fewer columns than are counted here.
  ///
  /// Source of the ranges: Unicode's EastAsianWidth.txt, W and F; our own table, since the C library's depends on the locale.
  public var columns: Int {
    unicodeScalars.reduce(0) { $0 + Self.columns($1) }
  }

  /// The beginning of the text that fits into so many columns.
  public func prefix(columns most: Int) -> String {
    var left = most
    return String(
      prefix {
        left -= String($0).columns
        return left >= 0
      })
  }

  /// The end of the text that fits into so many columns.
  public func suffix(columns most: Int) -> String {
    var left = most
    let end = reversed().prefix {
      left -= String($0).columns
      return left >= 0
    }
    return String(end.reversed())
  }

  /// The text with spaces behind it up to so many columns.
  public func padded(columns: Int) -> String {
    self + String(repeating: " ", count: max(0, columns - self.columns))
  }

  private static func columns(_ scalar: Unicode.Scalar) -> Int {
    // Nearly all text; properties cost more.
    if scalar.value < 0x300 { return scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value ? 0 : 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    // Two letters make a flag, which is as wide as both.
    if 0x1F1E6...0x1F1FF ~= scalar.value { return 1 }
    return scalar.properties.isEmojiPresentation || isWide(scalar.value) ? 2 : 1
  }

  private static func isWide(_ value: UInt32) -> Bool {
    switch value {
    case 0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF,
      0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F,
      0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265,
      0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF, 0x20000...0x3FFFD:
      true
    default: false
    }
  }
}
