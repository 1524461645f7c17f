/// Files of a data set that nothing reads, for one line that tells of them.
struct UnreadFiles: Sendable {
  private var count = 0
  private var first: [String] = []
  private static let named = 3

  /// Takes note of one.
  mutating func note(_ name: String) {
    count += 1
    if first.count < Self.named { first.append(name) }
  }

  static func of(_ names: [String]) -> UnreadFiles {
    var files = UnreadFiles()
    for name in names { files.note(name) }
    return files
  }

  mutating func append(_ other: UnreadFiles) {
    count += other.count
    first += other.first.prefix(Self.named - first.count)
  }

  /// The line; none where there are no such files.
  ///
  /// - Parameters:
  ///   - one: what one is, in words.
  ///   - many: what several are.
  func remarks(_ one: String, _ many: String) -> [String] {
    guard count > 0 else { return [] }
    let rest = count > first.count ? " and \(count - first.count) more" : ""
    return [
      "\(count == 1 ? "1 \(one)" : "\(count) \(many)"): " + first.joined(separator: ", ") + rest
    ]
  }
}
