/// A variable of a MATLAB file, as far as data sets need it. Arrays lose their shape.
enum MATValue {
  case numbers([Double])
  case text(String)
  case cells([MATValue])
  case records([[String: MATValue]])
  /// Something that is not read: sparse arrays, objects, functions.
  case other

  /// A single number that is whole.
  var integer: Int? {
    guard case .numbers(let numbers) = self, numbers.count == 1 else { return nil }
    return Int(exactly: numbers[0])
  }

  /// Numbers, if all of them are whole.
  var integers: [Int]? {
    guard case .numbers(let numbers) = self else { return nil }
    let integers = numbers.compactMap { Int(exactly: $0) }
    return integers.count == numbers.count ? integers : nil
  }

  /// Text, also in a cell of its own.
  var string: String? {
    switch self {
    case .text(let text): text
    case .cells(let cells) where cells.count == 1: cells[0].string
    default: nil
    }
  }
}
