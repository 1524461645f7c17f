extension ReportPage {
  /// What students differ in, what they have in common, and what they ran on.
  var settings: String {
    let students = contents.students
    var parts: [String] = []
    if !contents.axes.isEmpty {
      let rows = contents.axes.map { axis -> [HTML.Cell] in
        let values = Set(students.map { $0.values[axis] ?? "–" })
        let sorted = values.sorted { one, other in
          if let one = Double(one), let other = Double(other) { return one < other }
          return one < other
        }
        return [
          HTML.Cell(content: "<code>\(HTML.escaped(axis))</code>", isNumber: false),
          .text(sorted.joined(separator: ", ")),
        ]
      }
      parts.append(
        HTML.table("What differs", [("key", false), ("values", false)], rows))
    }
    let started = students.filter(\.isStarted)
    if students.count == 1, let only = started.first {
      parts.append(HTML.details("The recipe", Self.listing(only.recipe)))
    } else if let first = started.first {
      let axes = Set(contents.axes + ["case", "seed"])
      let common = first.values.filter { key, value in
        !axes.contains(key) && started.allSatisfy { $0.values[key] == value }
      }
      let lines = common.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
      parts.append(
        HTML.details(
          "What all have in common: \(lines.count) keys of their recipes",
          Self.listing(lines.joined(separator: "\n"))))
      if let best = contents.settings.first?.students.first, best.isStarted {
        parts.append(
          HTML.details("The whole recipe of \(best.name)", Self.listing(best.recipe)))
      }
    }
    var environments: [String: Int] = [:]
    for text in students.compactMap(\.environment) { environments[text, default: 0] += 1 }
    let listed = environments.keys.sorted().map { text in
      let count = environments[text] ?? 0
      return (environments.count > 1 ? "<p>\(count) students:</p>\n" : "") + Self.listing(text)
    }
    if !listed.isEmpty {
      parts.append(HTML.details("What it ran on", listed.joined(separator: "\n")))
    }
    guard !parts.isEmpty else { return "" }
    return "<section>\n<h2>Settings</h2>\n\(parts.joined(separator: "\n"))\n</section>"
  }

  private static func listing(_ text: String) -> String {
    "<pre tabindex=\"0\">\(HTML.escaped(text))</pre>"
  }
}
