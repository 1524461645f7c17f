import Foundation
import FunMatchFiles

/// The JSON header of a safetensors file, read strictly.
///
/// Format: github.com/huggingface/safetensors, README "Format" and `src/tensor.rs`. Only the shape
/// that the format allows is read, an object of tensors and one object of strings, so there is
/// nothing that could nest.
struct SafetensorsHeader {
  /// One tensor as the header describes it; offsets count from the end of the header.
  struct Entry {
    let name: String
    let dtype: DType
    let shape: [Int]
    let range: Range<Int>
  }

  /// Sorted by offset.
  let entries: [Entry]
  let metadata: [String: String]

  /// - Parameter dataSize: bytes that follow the header, all of which tensors must cover, once
  ///   each.
  init(_ bytes: [UInt8], dataSize: Int, owner: String) throws {
    var scanner = ByteScanner(bytes, owner: owner, kind: "safetensors header")
    // The format forbids blanks before the brace.
    guard scanner.current == 0x7b else { throw scanner.expected("'{'") }
    var entries: [Entry] = []
    var names: Set<String> = []
    var metadata: [String: String] = [:]
    try Self.object(&scanner) { name, scanner in
      guard names.insert(name).inserted else {
        throw FileError("\(owner): the header names '\(name)' twice")
      }
      if name == Self.metadataKey {
        try Self.object(&scanner) { key, scanner in
          let value = try Self.string(&scanner)
          guard metadata.updateValue(value, forKey: key) == nil else {
            throw FileError("\(owner): the metadata names '\(key)' twice")
          }
        }
      } else {
        entries.append(try Self.entry(name, &scanner, dataSize: dataSize))
      }
    }
    try scanner.requireEnd()
    // Sorting is not stable in general, and empty tensors share an offset.
    self.entries = entries.enumerated().sorted {
      let (a, b) = ($0.element.range, $1.element.range)
      return (a.lowerBound, a.upperBound, $0.offset) < (b.lowerBound, b.upperBound, $1.offset)
    }.map(\.element)
    self.metadata = metadata
    try checkCoverage(dataSize: dataSize, owner: owner)
  }

  static let metadataKey = "__metadata__"

  /// Names of the types, in the order in which the official writer lays tensors out: the widest
  /// first, so that every tensor is aligned.
  static let names: [(name: String, dtype: DType)] = [
    ("I64", .i64), ("F64", .f64), ("F32", .f32), ("I32", .i32), ("BF16", .bf16), ("F16", .f16),
    ("U8", .u8), ("BOOL", .bool),
  ]

  private func checkCoverage(dataSize: Int, owner: String) throws {
    var end = 0
    for entry in entries {
      guard entry.range.lowerBound == end else {
        let fault = entry.range.lowerBound < end ? "overlaps the tensor before it" : "leaves a hole"
        throw FileError(
          "\(owner): tensor '\(entry.name)' at offset \(entry.range.lowerBound) \(fault), expected \(end)"
        )
      }
      end = entry.range.upperBound
    }
    guard end == dataSize else {
      throw FileError(
        "\(owner): tensors take \(end) bytes, but \(dataSize) follow the header")
    }
  }

  private static func entry(
    _ name: String, _ scanner: inout ByteScanner, dataSize: Int
  ) throws -> Entry {
    let subject = "\(scanner.owner): tensor '\(name)'"
    var type: String?
    var shape: [Int]?
    var offsets: [Int]?
    try object(&scanner) { key, scanner in
      switch key {
      case "dtype" where type == nil: type = try string(&scanner)
      case "shape" where shape == nil: shape = try sizes(&scanner)
      case "data_offsets" where offsets == nil: offsets = try sizes(&scanner)
      default: throw FileError("\(subject): key '\(key)' is unknown or there twice")
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2 else {
      throw FileError("\(subject): expected a dtype, a shape and two data_offsets")
    }
    guard let dtype = names.first(where: { $0.name == type })?.dtype else {
      throw FileError(
        "\(subject): dtype \(type) is not supported, expected one of "
          + names.map(\.name).joined(separator: " "))
    }
    guard let size = Extent.bytes(shape, elementSize: dtype.size) else {
      throw FileError("\(subject): no array can have the shape \(shape)")
    }
    guard offsets[0] <= offsets[1], offsets[1] <= dataSize else {
      throw FileError(
        "\(subject): data_offsets \(offsets) lie outside the \(dataSize) bytes after the header")
    }
    guard offsets[1] - offsets[0] == size else {
      throw FileError(
        "\(subject): shape \(shape) of \(type) takes \(size) bytes, but data_offsets \(offsets) span "
          + "\(offsets[1] - offsets[0])")
    }
    return Entry(name: name, dtype: dtype, shape: shape, range: offsets[0]..<offsets[1])
  }

  private static func object(
    _ scanner: inout ByteScanner, _ member: (String, inout ByteScanner) throws -> Void
  ) throws {
    try scanner.require("{")
    if scanner.take("}") { return }
    repeat {
      let key = try string(&scanner)
      try scanner.require(":")
      try member(key, &scanner)
    } while scanner.take(",")
    try scanner.require("}")
  }

  private static func sizes(_ scanner: inout ByteScanner) throws -> [Int] {
    var sizes: [Int] = []
    try scanner.require("[")
    if scanner.take("]") { return sizes }
    repeat {
      guard sizes.count < Extent.maximumRank else {
        throw scanner.expected("at most \(Extent.maximumRank) sizes")
      }
      sizes.append(try scanner.size())
    } while scanner.take(",")
    try scanner.require("]")
    return sizes
  }

  private static func string(_ scanner: inout ByteScanner) throws -> String {
    try scanner.require("\"")
    var text: [UInt8] = []
    while true {
      let byte = try scanner.next("a closing quote")
      switch byte {
      case 0x22:
        guard let string = String(bytes: text, encoding: .utf8) else {
          throw scanner.expected("a string of UTF-8 before here")
        }
        return string
      case 0x5c: text += try escaped(&scanner).utf8
      case ..<0x20: throw scanner.expected("no control character before here")
      default: text.append(byte)
      }
    }
  }

  private static func escaped(_ scanner: inout ByteScanner) throws -> String {
    switch UnicodeScalar(try scanner.next("an escape")) {
    case "\"": return "\""
    case "\\": return "\\"
    case "/": return "/"
    case "b": return "\u{8}"
    case "f": return "\u{c}"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "u":
      var units = [try codeUnit(&scanner)]
      if UTF16.isLeadSurrogate(units[0]), scanner.take(word: "\\u") {
        units.append(try codeUnit(&scanner))
      }
      var decoder = UTF16()
      var iterator = units.makeIterator()
      guard case .scalarValue(let scalar) = decoder.decode(&iterator), iterator.next() == nil else {
        throw scanner.expected("a whole surrogate pair before here")
      }
      return String(scalar)
    default: throw scanner.expected("a JSON escape before here")
    }
  }

  private static func codeUnit(_ scanner: inout ByteScanner) throws -> UInt16 {
    try (0..<4).reduce(0) { value, _ in
      let byte = try scanner.next("four hexadecimal digits")
      guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw scanner.expected("four hexadecimal digits")
      }
      return value << 4 | UInt16(digit)
    }
  }
}
