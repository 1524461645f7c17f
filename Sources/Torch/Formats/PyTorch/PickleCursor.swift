import Foundation
import FunMatchFiles

/// Walks over the bytes of a pickle. Nothing is taken before it is known to be there.
struct PickleCursor {
  /// What the pickle belongs to, for errors: `'weights.pth'`.
  let owner: String
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ bytes: [UInt8], owner: String) {
    self.bytes = bytes
    self.owner = owner
  }

  /// An error that says where in the pickle something was wrong.
  func failure(_ text: String) -> FileError {
    FileError("\(owner): pickle, before byte \(position): \(text)")
  }

  mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - position else {
      throw failure("\(count) more bytes expected, \(bytes.count - position) are left")
    }
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// A little-endian number of `count` bytes, at most 8.
  mutating func unsigned(_ count: Int) throws -> Int {
    let number = try take(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let number = Int(exactly: number) else { throw failure("a length of \(number)") }
    return number
  }

  /// A little-endian number in two's complement, nil when it takes more than 8 bytes.
  static func signed(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard bytes.count <= 8, let last = bytes.last else { return bytes.isEmpty ? 0 : nil }
    let start: UInt64 = last & 0x80 == 0 ? 0 : .max
    return Int(Int64(bitPattern: bytes.reversed().reduce(start) { $0 << 8 | UInt64($1) }))
  }

  mutating func string(_ count: Int) throws -> String {
    guard let string = String(bytes: try take(count), encoding: .utf8) else {
      throw failure("a string that is not UTF-8")
    }
    return string
  }

  /// Text up to the end of the line, which is stepped over.
  mutating func line() throws -> String {
    guard let end = bytes[position...].firstIndex(of: 0x0a) else {
      throw failure("a name without an end")
    }
    defer { position += 1 }
    return try string(end - position)
  }

  /// Whether what comes next, instructions that remember the value left out, makes an object of
  /// the class just named, without arguments: as Python writes objects.
  var makesObject: Bool {
    var rest = bytes[position...]
    while let first = rest.first, let opcode = PickleOpcode(rawValue: first) {
      switch opcode {
      case .binPut: rest = rest.dropFirst(2)
      case .longBinPut: rest = rest.dropFirst(5)
      case .memoize: rest = rest.dropFirst()
      default:
        return opcode == .emptyTuple && rest.dropFirst().first == PickleOpcode.newObj.rawValue
      }
    }
    return false
  }
}
