/// What a shell makes of braces: `a-{000..127}.tar`, `{x,y}.tar`.
enum BraceExpansion {
  /// More paths than this are taken for a mistake.
  private static let limit = 100_000

  /// All texts that a pattern means, in order; the pattern itself when there are no braces in it.
  ///
  /// - Throws: `DatasetError` when braces do not close or hold neither a range nor a list.
  static func expand(_ pattern: String) throws -> [String] {
    guard let open = pattern.firstIndex(of: "{") else { return [pattern] }
    let inside = pattern[pattern.index(after: open)...]
    guard let close = inside.firstIndex(of: "}"), !inside[..<close].contains("{") else {
      throw DatasetError("\(pattern): a brace is not closed, or stands inside another")
    }
    let heads = try choices(inside[..<close], pattern)
    let tails = try expand(String(inside[inside.index(after: close)...]))
    guard heads.count <= limit / tails.count else {
      throw DatasetError("\(pattern): means more than \(limit) files")
    }
    return heads.flatMap { head in tails.map { pattern[..<open] + head + $0 } }
  }

  private static func choices(_ text: Substring, _ pattern: String) throws -> [String] {
    if let match = text.wholeMatch(of: /(\d+)\.\.(\d+)/) {
      guard let low = Int(match.1), let high = Int(match.2), low <= high, high - low < limit else {
        throw DatasetError("\(pattern): {\(text)} is no range of at most \(limit) numbers")
      }
      let width = match.1.hasPrefix("0") || match.2.hasPrefix("0") ? match.1.count : 0
      return (low...high).map { number in
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
      }
    }
    guard text.contains(",") else {
      throw DatasetError("\(pattern): {\(text)} is neither a range {000..127} nor a list {a,b}")
    }
    return text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }
}
