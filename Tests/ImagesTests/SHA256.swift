/// SHA-256 (FIPS 180-4) of some bytes, as 64 hexadecimal digits. Foundation has none on Linux.
func sha256(_ bytes: [UInt8]) -> String {
  var state: [UInt32] = fractions(of: 8, root: { $0.squareRoot() })
  let constants = fractions(of: 64, root: cubeRoot)
  var message = bytes + [0x80]
  message += [UInt8](repeating: 0, count: (120 - message.count % 64) % 64)
  message += (0..<8).map { UInt8(truncatingIfNeeded: (bytes.count * 8) >> (56 - 8 * $0)) }
  var words = [UInt32](repeating: 0, count: 64)
  for block in stride(from: 0, to: message.count, by: 64) {
    for i in 0..<16 {
      words[i] = (0..<4).reduce(0) { $0 << 8 | UInt32(message[block + 4 * i + $1]) }
    }
    for i in 16..<64 {
      let a = words[i - 15]
      let b = words[i - 2]
      let s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >> 3)
      let s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >> 10)
      words[i] = words[i - 16] &+ s0 &+ words[i - 7] &+ s1
    }
    var s = state
    for i in 0..<64 {
      let s1 = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)
      let choice = (s[4] & s[5]) ^ (~s[4] & s[6])
      let t1 = s[7] &+ s1 &+ choice &+ constants[i] &+ words[i]
      let s0 = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)
      let majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2])
      let t2 = s0 &+ majority
      s[7] = s[6]
      s[6] = s[5]
      s[5] = s[4]
      s[4] = s[3] &+ t1
      s[3] = s[2]
      s[2] = s[1]
      s[1] = s[0]
      s[0] = t1 &+ t2
    }
    for i in 0..<8 { state[i] = state[i] &+ s[i] }
  }
  return state.map { word in
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }.joined()
}

private func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
  word >> count | word << (32 - count)
}

/// The first 32 bits of the fractional parts of the roots of the first `count` primes.
private func fractions(of count: Int, root: (Double) -> Double) -> [UInt32] {
  var primes: [Int] = []
  var candidate = 2
  while primes.count < count {
    if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
    candidate += 1
  }
  return primes.map { prime in
    let value = root(Double(prime))
    return UInt32((value - value.rounded(.down)) * 4_294_967_296)
  }
}

/// Newton's method: no dependence on a platform's math library.
private func cubeRoot(_ value: Double) -> Double {
  var root = value
  for _ in 0..<100 { root -= (root * root * root - value) / (3 * root * root) }
  return root
}
