import FunMatchFiles

/// The header of a `.npy` file: what its elements are and how many.
///
/// Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1.0 to 3.0. The
/// header is a Python dict literal; it is read by the few lines below and never evaluated.
struct NpyHeader {
  let format: NpyFormat
  let shape: [Int]
  let isFortranOrder: Bool
  /// Bytes of the elements that follow the header.
  let dataSize: Int

  /// Bytes with which every file starts and from which the header's size is known.
  static let preludeSize = 12
  // Only arrays of records, which are refused, have headers longer than a few hundred bytes.
  private static let maximumSize = 1 << 16
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Size of the header, itself included, from the first `preludeSize` bytes of the file.
  static func size(prelude: [UInt8], owner: String) throws -> Int {
    guard prelude.starts(with: magic) else {
      throw FileError("\(owner): not a .npy array: it does not begin with \\x93NUMPY")
    }
    let length: Int
    switch prelude[6] {
    case 1: length = 10 + Int(prelude[8]) + Int(prelude[9]) << 8
    case 2, 3: length = (0..<4).reduce(12) { $0 + Int(prelude[8 + $1]) << (8 * $1) }
    default:
      throw FileError(
        "\(owner): .npy version \(prelude[6]).\(prelude[7]), expected 1.0, 2.0 or 3.0")
    }
    guard length >= preludeSize, length <= maximumSize else {
      throw FileError(
        "\(owner): the npy header is said to be \(length) bytes long, expected \(preludeSize) to \(maximumSize)"
      )
    }
    return length
  }

  /// Reads a whole header, prelude included.
  init(_ bytes: [UInt8], owner: String) throws {
    let text = Array(bytes[(bytes[6] == 1 ? 10 : 12)...])
    var scanner = ByteScanner(text, owner: owner, kind: "npy header")
    var format: NpyFormat?
    var shape: [Int]?
    var isFortranOrder: Bool?
    try scanner.require("{")
    while !scanner.take("}") {
      let key = try Self.string(&scanner)
      try scanner.require(":")
      switch key {
      case "descr" where format == nil:
        if scanner.take("[") {
          throw FileError("\(owner): holds an array of records, expected one of numbers")
        }
        format = try NpyFormat(descr: try Self.string(&scanner), owner: owner)
      case "shape" where shape == nil: shape = try Self.tuple(&scanner)
      case "fortran_order" where isFortranOrder == nil:
        scanner.skipWhitespace()
        isFortranOrder = scanner.take(word: "True")
        guard isFortranOrder == true || scanner.take(word: "False") else {
          throw scanner.expected("True or False")
        }
      default:
        throw FileError(
          "\(owner): key '\(key)' of the npy header is unknown or there twice, "
            + "expected descr, fortran_order and shape")
      }
      guard scanner.take(",") else {
        try scanner.require("}")
        break
      }
    }
    try scanner.requireEnd()
    guard let format, let shape, let isFortranOrder else {
      throw FileError("\(owner): the npy header lacks one of descr, fortran_order and shape")
    }
    guard let dataSize = Extent.bytes(shape, elementSize: format.size) else {
      throw FileError("\(owner): no array can have the shape \(shape) of the npy header")
    }
    self.format = format
    self.shape = shape
    self.isFortranOrder = isFortranOrder
    self.dataSize = dataSize
  }

  /// The array whose elements, of `dataSize` bytes, follow the header.
  func tensor(_ data: [UInt8], owner: String) throws -> Tensor {
    guard isFortranOrder, shape.count > 1 else {
      return try format.tensor(data, shape: shape, owner: owner)
    }
    let transposed = try format.tensor(data, shape: shape.reversed(), owner: owner)
    return transposed.permuted(shape.indices.reversed()).contiguous
  }

  /// The header that NumPy itself writes for a C-ordered array.
  static func encoded(code: String, shape: [Int]) -> [UInt8] {
    let sizes = shape.map(String.init).joined(separator: ", ")
    let tuple = shape.count == 1 ? "(\(sizes),)" : "(\(sizes))"
    var text = "{'descr': '\(code)', 'fortran_order': False, 'shape': \(tuple), }"
    // NumPy leaves room for the first size to grow to 21 digits in place.
    if let first = shape.first {
      text += String(repeating: " ", count: 21 - String(first).count)
    }
    let unpadded = 10 + text.utf8.count + 1
    text += String(repeating: " ", count: 64 - unpadded % 64) + "\n"
    let length = text.utf8.count
    return magic + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)] + Array(text.utf8)
  }

  private static func string(_ scanner: inout ByteScanner) throws -> String {
    let quote: UInt8 = scanner.take("\"") ? 0x22 : 0x27
    if quote == 0x27 { try scanner.require("'") }
    var text = ""
    while true {
      let byte = try scanner.next("a closing quote")
      if byte == quote { return text }
      guard byte >= 0x20, byte < 0x7f, byte != 0x5c else {
        throw scanner.expected("plain characters in a string")
      }
      text.unicodeScalars.append(UnicodeScalar(byte))
    }
  }

  private static func tuple(_ scanner: inout ByteScanner) throws -> [Int] {
    var sizes: [Int] = []
    try scanner.require("(")
    while !scanner.take(")") {
      guard sizes.count < Extent.maximumRank else {
        throw scanner.expected("at most \(Extent.maximumRank) dimensions")
      }
      sizes.append(try scanner.size())
      // Python 2 wrote long integers as `3L`.
      _ = scanner.take("L")
      if scanner.take(",") { continue }
      // Without a comma `(3)` would be a number.
      guard sizes.count > 1 else { throw scanner.expected("','") }
      try scanner.require(")")
      break
    }
    return sizes
  }
}
