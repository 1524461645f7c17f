/// Part of a split as TFDS writes it: `[:90%]`, `[90%:]`, `[100:200]`, `[-500:]`.
///
/// Percentages are rounded to the nearest image (TFDS's `closest`), so `[:90%]` and `[90%:]` meet
/// without overlap.
public struct Slice: Sendable, Equatable {
  private enum Bound: Sendable, Equatable {
    case images(Int)
    case percent(Int)
  }
  private let lower: Bound?
  private let upper: Bound?

  /// Parses what stands between the brackets.
  ///
  /// - Throws: `DatasetError` when it is not a slice.
  public init(_ text: String) throws {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw Self.error(text) }
    func bound(_ part: Substring) throws -> Bound? {
      let word = part.filter { $0 != " " }
      if word.isEmpty { return nil }
      if word.hasSuffix("%"), let value = Int(word.dropLast()), (-100...100).contains(value) {
        return .percent(value)
      }
      guard let value = Int(word) else { throw Self.error(text) }
      return .images(value)
    }
    lower = try bound(parts[0])
    upper = try bound(parts[1])
  }

  private static func error(_ text: String) -> DatasetError {
    DatasetError("'[\(text)]' is not a slice such as [:90%], [90%:] or [100:200]")
  }

  /// The images of a split of `count` that the slice means; empty when it means none.
  public func range(of count: Int) -> Range<Int> {
    func position(_ bound: Bound?, _ absent: Int) -> Int {
      let value: Int
      switch bound {
      case nil: return absent
      case .images(let images): value = images
      case .percent(let percent):
        value = Int((Double(percent) / 100 * Double(count)).rounded(.toNearestOrEven))
      }
      return min(max(value < 0 ? count + value : value, 0), count)
    }
    let start = position(lower, 0)
    return start..<max(start, position(upper, count))
  }
}
