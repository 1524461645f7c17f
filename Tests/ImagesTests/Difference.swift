/// How far two lists of pixel values are apart.
struct Difference: CustomStringConvertible {
  var identical = 0.0
  var mean = 0.0
  var largest = 0

  init(_ a: [UInt8], _ b: [UInt8]) {
    guard a.count == b.count, !a.isEmpty else {
      largest = 256
      return
    }
    var same = 0
    var sum = 0
    for (x, y) in zip(a, b) {
      let distance = abs(Int(x) - Int(y))
      if distance == 0 { same += 1 }
      sum += distance
      largest = max(largest, distance)
    }
    identical = Double(same) / Double(a.count)
    mean = Double(sum) / Double(a.count)
  }

  var description: String { "identical \(identical), mean \(mean), largest \(largest)" }
}
