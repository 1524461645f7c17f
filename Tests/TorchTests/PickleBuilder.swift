/// Pickles made by hand, for what PyTorch itself would not write.
enum PickleBuilder {
  static func string(_ text: String) -> [UInt8] {
    [0x58] + little(text.utf8.count, 4) + Array(text.utf8)
  }

  /// LONG1 of 8 bytes.
  static func integer(_ number: Int) -> [UInt8] { [0x8a, 8] + little(number, 8) }

  static func tuple(_ items: [[UInt8]]) -> [UInt8] { [0x28] + items.joined() + [0x74] }

  static func dictionary(_ items: [(String, [UInt8])]) -> [UInt8] {
    [0x7d, 0x28] + items.flatMap { string($0.0) + $0.1 } + [0x75]
  }

  static func global(_ module: String, _ name: String) -> [UInt8] {
    [0x63] + Array("\(module)\n\(name)\n".utf8)
  }

  static func storage(_ key: String, _ type: String, count: Int) -> [UInt8] {
    tuple([
      string("storage"), global("torch", type + "Storage"), string(key), string("cpu"),
      integer(count),
    ]) + [0x51]
  }

  /// A tensor in a storage of `count` elements.
  static func tensor(
    key: String = "0", _ type: String = "Float", count: Int, offset: Int = 0, shape: [Int],
    strides: [Int]
  ) -> [UInt8] {
    global("torch._utils", "_rebuild_tensor_v2")
      + tuple([
        storage(key, type, count: count), integer(offset), tuple(shape.map(integer)),
        tuple(strides.map(integer)), [0x89], [0x7d],
      ]) + [0x52]
  }

  /// A `.pth` file in the zip layout.
  static func zip(_ value: [UInt8], storages: [String: [UInt8]] = [:]) -> [UInt8] {
    var zip = StoredZip()
    zip.entries = [(Array("archive/data.pkl".utf8), [0x80, 2] + value + [0x2e])]
    for (key, content) in storages.sorted(by: { $0.key < $1.key }) {
      zip.entries.append((Array("archive/data/\(key)".utf8), content))
    }
    return zip.bytes
  }

  /// A `.pth` file in the legacy layout; `end` is what follows the pickle of `value`.
  static func legacy(_ value: [UInt8], end: [UInt8] = [0x80, 2, 0x5d, 0x2e]) -> [UInt8] {
    let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
    let start: [UInt8] = [0x80, 2, 0x8a, 10] + magic + [0x2e, 0x80, 2] + integer(1001) + [0x2e]
    return start + [0x80, 2, 0x7d, 0x2e, 0x80, 2] + value + [0x2e] + end
  }

  static func little(_ number: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }
}
