import Foundation

/// SHA-256 (FIPS 180-4), which Foundation lacks on Linux.
public struct SHA256 {
  /// The first 32 bits of the fractional parts of the square roots of the first 8 primes.
  private var state = SIMD8<UInt32>(
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
    0x5be0_cd19)

  /// The digest of some bytes as 64 hexadecimal digits.
  public static func hexadecimal(of bytes: UnsafeRawBufferPointer) -> String {
    let state = digest(of: bytes)
    return state.indices.map { index in
      let digits = String(state[index], radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  /// The digest of some bytes as 64 hexadecimal digits.
  public static func hexadecimal(of bytes: [UInt8]) -> String {
    bytes.withUnsafeBytes { hexadecimal(of: $0) }
  }

  /// The digest of a file as 64 hexadecimal digits.
  ///
  /// - Throws: `DatasetError` when the file cannot be read.
  public static func hexadecimal(file path: String) throws -> String {
    guard
      let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    else {
      throw DatasetError("\(path): cannot be read")
    }
    return data.withUnsafeBytes { hexadecimal(of: $0) }
  }

  /// The first eight bytes of the digest of some bytes as one number, big endian.
  static func start(of bytes: UnsafeRawBufferPointer) -> UInt64 {
    let state = digest(of: bytes)
    return UInt64(state[0]) << 32 | UInt64(state[1])
  }

  private static func digest(of bytes: UnsafeRawBufferPointer) -> SIMD8<UInt32> {
    var hash = SHA256()
    let whole = bytes.count / 64 * 64
    hash.absorb(UnsafeRawBufferPointer(rebasing: bytes[..<whole]))
    // What is left, the end mark and the length fill one or two more blocks.
    withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { tail in
      let left = bytes.count - whole
      let size = left < 56 ? 64 : 128
      tail.initializeMemory(as: UInt8.self, repeating: 0)
      tail.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[whole...]))
      tail[left] = 0x80
      tail.storeBytes(
        of: UInt64(bytes.count * 8).bigEndian, toByteOffset: size - 8, as: UInt64.self)
      hash.absorb(UnsafeRawBufferPointer(rebasing: tail[..<size]))
    }
    return hash.state
  }

  private mutating func absorb(_ bytes: UnsafeRawBufferPointer) {
    Self.constants.withUnsafeBufferPointer { constants in
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { words in
        for start in stride(from: 0, to: bytes.count, by: 64) {
          for i in 0..<16 {
            words[i] = UInt32(
              bigEndian: bytes.loadUnaligned(fromByteOffset: start + 4 * i, as: UInt32.self))
          }
          for i in 16..<64 {
            let a = words[i - 15]
            let b = words[i - 2]
            let s0 = Self.rotate(a, 7) ^ Self.rotate(a, 18) ^ (a >> 3)
            let s1 = Self.rotate(b, 17) ^ Self.rotate(b, 19) ^ (b >> 10)
            words[i] = words[i - 16] &+ s0 &+ words[i - 7] &+ s1
          }
          compress(words, constants)
        }
      }
    }
  }

  private mutating func compress(
    _ words: UnsafeMutableBufferPointer<UInt32>, _ constants: UnsafeBufferPointer<UInt32>
  ) {
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    // The roles of the eight change places every round; written out, nothing has to be moved.
    for i in stride(from: 0, to: 64, by: 8) {
      Self.round(a, b, c, &d, e, f, g, &h, constants[i] &+ words[i])
      Self.round(h, a, b, &c, d, e, f, &g, constants[i + 1] &+ words[i + 1])
      Self.round(g, h, a, &b, c, d, e, &f, constants[i + 2] &+ words[i + 2])
      Self.round(f, g, h, &a, b, c, d, &e, constants[i + 3] &+ words[i + 3])
      Self.round(e, f, g, &h, a, b, c, &d, constants[i + 4] &+ words[i + 4])
      Self.round(d, e, f, &g, h, a, b, &c, constants[i + 5] &+ words[i + 5])
      Self.round(c, d, e, &f, g, h, a, &b, constants[i + 6] &+ words[i + 6])
      Self.round(b, c, d, &e, f, g, h, &a, constants[i + 7] &+ words[i + 7])
    }
    state &+= SIMD8(a, b, c, d, e, f, g, h)
  }

  @inline(__always)
  private static func round(
    _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32,
    _ g: UInt32, _ h: inout UInt32, _ word: UInt32
  ) {
    let s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    h = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ word
    d = d &+ h
    h = h &+ (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ ((a & b) ^ (a & c) ^ (b & c))
  }

  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word &>> count | word &<< (32 &- count)
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
  ]
}
