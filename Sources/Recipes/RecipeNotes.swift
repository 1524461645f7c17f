/// What comments in a recipe say of its keys.
public struct RecipeNotes: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  /// By dotted key, without the numbers of lists, in one or more lines; the empty key: what the file begins with.
  private var notes: [String: String]

  /// Such as `["schedule.steps": "what two hours hold"]`.
  public init(dictionaryLiteral notes: (String, String)...) {
    self.notes = Dictionary(notes) { $1 }
  }

  /// Those of a recipe that `RecipeFile.text` wrote.
  package init(in text: String) {
    notes = [:]
    var (path, comment) = (KeyPath(), [Substring]())
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let bare = line.drop { $0 == " " }
      if bare.hasPrefix("#") {
        comment.append(bare.dropFirst().first == " " ? bare.dropFirst(2) : bare.dropFirst())
        continue
      }
      let key = bare.isEmpty && path.isEmpty ? "" : path.key(of: line)
      if let key, !comment.isEmpty { notes[key] = comment.joined(separator: "\n") }
      comment = []
    }
  }

  /// What is said of a key; `nil`: nothing.
  public subscript(key: String) -> String? {
    get { notes[key] }
    set { notes[key] = newValue }
  }

  /// These, and of other keys what `others` say.
  package func over(_ others: RecipeNotes) -> RecipeNotes {
    var all = self
    all.notes.merge(others.notes) { own, _ in own }
    return all
  }

  /// A recipe's text with them, each above the line of its key.
  func written(over text: String) -> String {
    guard !notes.isEmpty else { return text }
    var path = KeyPath()
    var lines: [String] = []
    func add(_ key: String?, _ indent: String) {
      guard let note = key.flatMap({ notes[$0] }) else { return }
      lines += note.split(separator: "\n").map { "\(indent)# \($0)" }
      if key == "" { lines.append("") }
    }
    add("", "")
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      add(path.key(of: line), String(line.prefix { $0 == " " }))
      lines.append(String(line))
    }
    let annotated = lines.joined(separator: "\n")
    // A value over several lines may look like keys.
    return RecipeText.values(in: annotated) == RecipeText.values(in: text) ? annotated : text
  }

  /// Where a line stands in a file of maps.
  private struct KeyPath {
    private var steps: [(indent: Int, name: Substring)] = []

    var isEmpty: Bool { steps.isEmpty }

    /// The dotted key that a line gives a value; `nil` where it gives none.
    mutating func key(of line: Substring) -> String? {
      var rest = line.drop { $0 == " " }
      while rest.hasPrefix("- ") { rest = rest.dropFirst(2) }
      let indent = line.count - rest.count
      // No regular expression: it would be parsed again for every line.
      let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
      let behind = rest.dropFirst(name.count)
      guard name.first?.isLetter == true, behind.first == ":",
        behind.dropFirst().first ?? " " == " "
      else { return nil }
      while let last = steps.last, last.indent >= indent { steps.removeLast() }
      steps.append((indent, name))
      return steps.map(\.name).joined(separator: ".")
    }
  }
}
