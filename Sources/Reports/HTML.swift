/// Pieces of a page; texts are escaped where they come in.
enum HTML {
  /// A text as text and as the value of an attribute.
  static func escaped(_ text: some StringProtocol) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      // XML has no place for other control characters.
      case "\0"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A cell of a table.
  struct Cell {
    /// What is shown, escaped.
    let content: String
    var isNumber = true

    /// Text.
    static func text(_ text: String) -> Cell { Cell(content: escaped(text), isNumber: false) }
    /// A number as text.
    static func number(_ text: String?) -> Cell { Cell(content: escaped(text ?? "–")) }
  }

  /// A table that scrolls in a box of its own. The first column of a row is its heading.
  ///
  /// - Parameters:
  ///   - columns: headings, escaped, and whether numbers are below.
  ///   - marked: rows that stand out.
  static func table(
    _ caption: String, _ columns: [(heading: String, isNumber: Bool)], _ rows: [[Cell]],
    marked: Set<Int> = []
  ) -> String {
    let head = columns.map { column in
      "<th scope=\"col\"\(column.isNumber ? " class=\"n\"" : "")>\(column.heading)</th>"
    }.joined()
    let body = rows.enumerated().map { place, row in
      let cells = row.enumerated().map { column, cell in
        let length = cell.content.count
        let name = cell.isNumber ? "n" : length <= (column == 0 ? 18 : 32) ? "k" : "l"
        let style = " class=\"\(name)\""
        return column == 0
          ? "<th scope=\"row\"\(style)>\(cell.content)</th>" : "<td\(style)>\(cell.content)</td>"
      }.joined()
      return "<tr\(marked.contains(place) ? " class=\"t\"" : "")>\(cells)</tr>"
    }.joined(separator: "\n")
    return """
      <div class="scroll" tabindex="0" role="region" aria-label="\(escaped(caption))"><table>
      <caption>\(escaped(caption))</caption>
      <thead><tr>\(head)</tr></thead>
      <tbody>
      \(body)
      </tbody></table></div>
      """
  }

  /// Something folded away.
  static func details(_ summary: String, _ content: String) -> String {
    "<details><summary>\(escaped(summary))</summary>\n\(content)\n</details>"
  }
}
