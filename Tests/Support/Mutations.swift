/// Random damage to a file, the same in every run.
public struct Mutations {
  private var state: UInt64

  /// Damage that depends on `seed` alone.
  public init(seed: UInt64) { state = seed }

  /// A number in 0 ..< `bound`, by splitmix64.
  public mutating func random(below bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((z ^ (z >> 31)) % UInt64(bound))
  }

  /// One to four bytes flipped, overwritten, removed or put in; digits and signs often, because
  /// those are sizes.
  public mutating func damaged(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0...random(below: 4) where !bytes.isEmpty {
      let position = random(below: bytes.count)
      switch random(below: 6) {
      case 0: bytes[position] ^= 1 << UInt8(random(below: 8))
      case 1: bytes[position] = UInt8(random(below: 256))
      case 2: bytes[position] = Array("0123456789-,'\"[](){}:\\ ".utf8)[random(below: 22)]
      case 3: bytes.remove(at: position)
      case 4: bytes.insert(UInt8(random(below: 10)) + 0x30, at: position)
      default: bytes[position] = [0x00, 0xff, 0x7f, 0x80][random(below: 4)]
      }
    }
    return bytes
  }
}
