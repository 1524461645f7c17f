/// Capitals, digits and a few signs of 5 x 7 pixels, for the captions of contact sheets.
enum Lettering {
  static let height = 7
  static let width = 5

  /// The rows of each glyph from the top, five bits a row, the leftmost pixel highest.
  static let glyphs: [Character: UInt64] = [
    "A": 0x3a31fc631, "B": 0x7a31f463e, "C": 0x3e108420f, "D": 0x7a318c63e, "E": 0x7e10f421f,
    "F": 0x7e10f4210, "G": 0x3e10bc62f, "H": 0x4631fc631, "I": 0x38842108e, "J": 0x1c4210a4c,
    "K": 0x4654c5251, "L": 0x42108421f, "M": 0x4775ac631, "N": 0x4735ace31, "O": 0x3a318c62e,
    "P": 0x7a31f4210, "Q": 0x3a318d64d, "R": 0x7a31f5251, "S": 0x3e107043e, "T": 0x7c8421084,
    "U": 0x46318c62e, "V": 0x46318c544, "W": 0x4631ad771, "X": 0x462a22a31, "Y": 0x462a21084,
    "Z": 0x7c222221f, "0": 0x3a33ae62e, "1": 0x11842108e, "2": 0x3a211111f, "3": 0x78217043e,
    "4": 0x8ca97c42, "5": 0x7e1e0862e, "6": 0x3a10f462e, "7": 0x7c2222108, "8": 0x3a317462e,
    "9": 0x3a317842e, ".": 0x18c, ",": 0x3188, ":": 0x18c03180, "/": 0x44222110, "-": 0x70000,
    "_": 0x1f, "(": 0x88842082, ")": 0x208210888, "%": 0x672222273, "=": 0x1f07c00,
    "+": 0x84f9080, "#": 0x295f57d4a, "'": 0x108800000, "?": 0x3a2111004, " ": 0x0,
  ]

  /// Calls `dot` with the place of every dark pixel of a text, one pixel between letters. Small
  /// letters become capitals; what there is no glyph for, a question mark.
  static func draw(_ text: String, _ dot: (_ y: Int, _ x: Int) -> Void) {
    for (place, letter) in text.uppercased().enumerated() {
      guard let glyph = glyphs[letter] ?? glyphs["?"] else { continue }
      for y in 0..<height {
        for x in 0..<width where glyph >> UInt64((height - 1 - y) * width + width - 1 - x) & 1 == 1
        {
          dot(y, place * (width + 1) + x)
        }
      }
    }
  }
}
