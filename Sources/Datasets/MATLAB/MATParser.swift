/// Walks over the elements of a MATLAB 5 file: a tag of type and size, then the contents.
struct MATParser {
  typealias Damage = MATFile.Damage

  struct Element {
    let type: Int
    let body: ArraySlice<UInt8>
  }

  static let matrix = 14
  static let compressed = 15
  /// Cells and records inside each other more often than this are refused.
  private static let depthLimit = 16

  private var rest: ArraySlice<UInt8>
  private let isBigEndian: Bool
  private let depth: Int

  init(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool, depth: Int = 0) {
    rest = bytes
    self.isBigEndian = isBigEndian
    self.depth = depth
  }

  var isAtEnd: Bool { rest.isEmpty }

  /// The next element.
  mutating func element() throws(Damage) -> Element {
    guard rest.count >= 8 else { throw Damage("it ends in the middle of a variable") }
    let tag = Int(word(rest.prefix(4)))
    let type = tag & 0xffff
    // Up to four bytes of contents stand in the tag itself, which then keeps their number on top.
    if tag >> 16 != 0 {
      let count = tag >> 16
      guard count <= 4 else { throw Damage("a tag has the size \(count)") }
      let start = rest.startIndex + 4
      let body = rest[start..<start + count]
      rest = rest.dropFirst(8)
      return Element(type: type, body: body)
    }
    let count = Int(word(rest.dropFirst(4).prefix(4)))
    guard count <= rest.count - 8 else { throw Damage("it ends in the middle of a variable") }
    let start = rest.startIndex + 8
    let body = rest[start..<start + count]
    let padded = type == Self.compressed ? count : (count + 7) / 8 * 8
    rest = rest.dropFirst(8 + padded)
    return Element(type: type, body: body)
  }

  /// The array that an element of type `matrix` holds.
  func array(_ body: ArraySlice<UInt8>) throws(Damage) -> (name: String, value: MATValue) {
    guard depth < Self.depthLimit else { throw Damage("its arrays lie too deep in each other") }
    // An empty cell may have no contents at all.
    guard !body.isEmpty else { return ("", .numbers([])) }
    var inside = MATParser(body, isBigEndian: isBigEndian, depth: depth + 1)
    let flags = try inside.numbers()
    guard let first = flags.first, let kind = UInt32(exactly: first).map({ Int($0 & 0xff) }) else {
      throw Damage("an array has no flags")
    }
    // Objects and functions are laid out otherwise from here on.
    guard kind <= 15 else { return ("", .other) }
    let count = try inside.size()
    let name = String(decoding: try inside.element().body.prefix { $0 != 0 }, as: UTF8.self)
    switch kind {
    case 1: return (name, .cells(try inside.arrays(count)))
    case 2: return (name, .records(try inside.records(count)))
    case 4: return (name, .text(try inside.text()))
    case 6...15:
      let numbers = try inside.numbers()
      guard numbers.count == count else {
        throw Damage("'\(name)' holds \(numbers.count) numbers, and its size says \(count)")
      }
      return (name, .numbers(numbers))
    default: return (name, .other)
    }
  }

  /// How many elements the next dimensions mean.
  private mutating func size() throws(Damage) -> Int {
    let sizes = try numbers()
    guard sizes.count >= 2 else { throw Damage("an array has fewer than two dimensions") }
    var count = 1.0
    for size in sizes {
      guard size >= 0 else { throw Damage("an array has a negative size") }
      count *= size
    }
    guard count <= Double(Int32.max) else { throw Damage("an array is too large") }
    return Int(count)
  }

  private mutating func arrays(_ count: Int) throws(Damage) -> [MATValue] {
    var result: [MATValue] = []
    for _ in 0..<count {
      let element = try element()
      guard element.type == Self.matrix else { throw Damage("a cell holds no array") }
      result.append(try array(element.body).value)
    }
    return result
  }

  private mutating func records(_ count: Int) throws(Damage) -> [[String: MATValue]] {
    guard let first = try numbers().first, let length = Int(exactly: first), length > 0 else {
      throw Damage("a record has no length of names")
    }
    let names = try element().body
    guard names.count % length == 0 else { throw Damage("a record's names are damaged") }
    let fields = stride(from: names.startIndex, to: names.endIndex, by: length).map {
      String(decoding: names[$0..<$0 + length].prefix { $0 != 0 }, as: UTF8.self)
    }
    // Without fields there would be nothing that a wrong count could run into.
    guard !fields.isEmpty else { return [] }
    var result: [[String: MATValue]] = []
    for _ in 0..<count {
      var record: [String: MATValue] = [:]
      for (field, value) in zip(fields, try arrays(fields.count)) { record[field] = value }
      result.append(record)
    }
    return result
  }

  private mutating func text() throws(Damage) -> String {
    let element = try element()
    switch element.type {
    case 1, 2, 16: return String(decoding: element.body, as: UTF8.self)
    case 4, 17:
      let units = try numbers(element, of: UInt16.self) { UInt16($0) }
      return String(decoding: units, as: UTF16.self)
    default: throw Damage("a text is stored as type \(element.type)")
    }
  }

  /// The numbers of the next element, which may be stored in a smaller type than they are meant in.
  private mutating func numbers() throws(Damage) -> [Double] {
    let element = try element()
    switch element.type {
    case 1: return try numbers(element, of: UInt8.self) { Double(Int8(bitPattern: $0)) }
    case 2: return try numbers(element, of: UInt8.self) { Double($0) }
    case 3: return try numbers(element, of: UInt16.self) { Double(Int16(bitPattern: $0)) }
    case 4: return try numbers(element, of: UInt16.self) { Double($0) }
    case 5: return try numbers(element, of: UInt32.self) { Double(Int32(bitPattern: $0)) }
    case 6: return try numbers(element, of: UInt32.self) { Double($0) }
    case 7: return try numbers(element, of: UInt32.self) { Double(Float(bitPattern: $0)) }
    case 9: return try numbers(element, of: UInt64.self) { Double(bitPattern: $0) }
    case 12: return try numbers(element, of: UInt64.self) { Double(Int64(bitPattern: $0)) }
    case 13: return try numbers(element, of: UInt64.self) { Double($0) }
    default: throw Damage("numbers are stored as type \(element.type)")
    }
  }

  private func numbers<Bits: FixedWidthInteger, Value>(
    _ element: Element, of type: Bits.Type, _ value: (Bits) -> Value
  ) throws(Damage) -> [Value] {
    let width = Bits.bitWidth / 8
    guard element.body.count % width == 0 else { throw Damage("a number is cut short") }
    return element.body.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: width).map { offset in
        let bits = bytes.loadUnaligned(fromByteOffset: offset, as: Bits.self)
        return value(isBigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits))
      }
    }
  }

  private func word(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    let order = isBigEndian ? Array(bytes) : bytes.reversed()
    return order.reduce(0) { $0 << 8 | UInt32($1) }
  }
}
