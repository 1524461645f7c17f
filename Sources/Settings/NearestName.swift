/// Finds what was probably meant.
package enum NearestName {
  /// The name nearest to a misspelt one; `nil` where none is near.
  package static func to(_ name: String, among names: [String]) -> String? {
    let ranked = names.map { ($0, distance(name.lowercased(), $0.lowercased())) }
      .min { ($0.1, $0.0) < ($1.1, $1.0) }
    guard let ranked, ranked.1 <= max(2, name.count / 2) else { return nil }
    return ranked.0
  }

  /// `did you mean 'width'? `, or nothing.
  package static func hint(_ name: String, among names: [String]) -> String {
    to(name, among: names).map { "did you mean '\($0)'? " } ?? ""
  }

  /// Levenshtein's edit distance.
  private static func distance(_ a: String, _ b: String) -> Int {
    let b = Array(b)
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let cost = diagonal + (letter == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(cost, diagonal + 1, row[j] + 1)
      }
    }
    return row[b.count]
  }
}
