import Foundation
import FunMatchFiles
import FunMatchRuns

/// A figure: its data, a script for gnuplot, and the words around it.
struct ReportFigure {
  /// One line, or one group of points.
  struct Series {
    let label: String
    /// Rows of `columns`.
    let rows: [[Double]]
    /// Which colour and point it has; `nil` for that of its place in the figure.
    var look: Int?
  }

  /// How the data are drawn; the columns are given with each.
  enum Kind {
    /// Lines with bands: x, y, lowest, highest.
    case curves
    /// Points with error bars, joined, over x on a logarithmic axis if asked: x, y, deviation.
    case trend(isLogarithmic: Bool)
    /// Points with error bars, one below the other, named: place, value, deviation.
    case dots
  }

  /// The name of its files, without an ending.
  let name: String
  let title: String
  private(set) var caption: String
  let kind: Kind
  /// What the columns of the data are called, one word each.
  let columns: [String]
  let series: [Series]
  /// Labels of the axes.
  let x: String
  let y: String
  /// Whether values are shares, which are drawn as per cent.
  let isShare: Bool
  /// Lines across: names and values.
  var references: [(name: String, value: Double)] = []

  /// Lines that are farther from the data than three times what these span become words, since beside
  /// them the data would be one flat line.
  var withoutFarReferences: ReportFigure {
    let ends = series.flatMap(\.rows).flatMap { row -> [Double] in
      if case .curves = kind { return [row[2], row[3]] }
      return row[2].isNaN ? [row[1]] : [row[1] - row[2], row[1] + row[2]]
    }
    guard let low = ends.min(), let high = ends.max() else { return self }
    // A point of accuracy has room, however close together the data are.
    let most = 3 * max(high - low, isShare ? 0.01 : 0)
    var figure = self
    figure.references = references.filter { low - $0.value <= most && $0.value - high <= most }
    for far in references where !(low - far.value <= most && far.value - high <= most) {
      let value = isShare ? "\(NumberText.fixed(100 * far.value, 2)) %" : "\(far.value)"
      figure.caption += " Outside the figure: \(far.name), \(value)."
    }
    return figure
  }

  /// Lines of the rows that have the same label, each over its first column, in the order in which labels come first; one row
  /// is no line.
  static func lines(_ rows: [(label: String, row: [Double])]) -> [Series] {
    var order: [String] = []
    var lines: [String: [[Double]]] = [:]
    for (label, row) in rows {
      if lines[label] == nil { order.append(label) }
      lines[label, default: []].append(row)
    }
    return order.compactMap { label in
      lines[label].map { Series(label: label, rows: $0.sorted { $0[0] < $1[0] }) }
    }.filter { $0.rows.count > 1 }
  }

  /// The data as gnuplot reads them: one block a series, two empty lines between them.
  var data: String {
    let head = "# \(columns.joined(separator: " "))"
    let blocks = series.map { series in
      series.label.split(separator: "\n", omittingEmptySubsequences: false)
        .map { "# \(Self.plain(String($0)))\n" }.joined()
        + series.rows.map { row in
          row.map { $0.isNaN ? "?" : Self.number($0) }.joined(separator: " ") + "\n"
        }.joined()
    }
    return head + "\n" + blocks.joined(separator: "\n\n")
  }

  static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }

  /// A label without what could end a quotation of gnuplot's or a line; its middle is left out where it is long.
  static func plain(_ label: String, longest: Int = 200) -> String {
    let known = label.map { character -> Character in
      if character == "'" { return "’" }
      return character.isLetter || character.isNumber
        || " .,:;/=+-–_()[]{}%*·±|<>&#~\"’".contains(character) ? character : " "
    }
    guard known.count > longest else { return String(known) }
    let end = (longest - 1) / 2
    return String(known.prefix(longest - 1 - end)) + "…" + String(known.suffix(end))
  }

  /// The data as a table, for where there is no drawing.
  var table: String {
    var isDots = false
    if case .dots = kind { isDots = true }
    let rows = series.flatMap { series in
      let labels = series.label.split(separator: "\n", omittingEmptySubsequences: false)
      return series.rows.enumerated().map { place, row in
        let label = isDots ? labels[place % max(1, labels.count)] : Substring(series.label)
        return [HTML.Cell.text(String(label))]
          + row.enumerated().map { column, value in
            let isValue = column > 0 && column < row.count - 1 && isShare
            return .number(
              value.isNaN
                ? nil : isValue ? NumberText.fixed(100 * value, 2) : Self.number(value))
          }
      }
    }
    let across = references.map { reference in
      [HTML.Cell.text(reference.name), .number(nil)]
        + [.number(isShare ? NumberText.fixed(100 * reference.value, 2) : "\(reference.value)")]
        + Array(repeating: HTML.Cell.number(nil), count: columns.count - 2)
    }
    let heads = [("setting", false)] + columns.map { (HTML.escaped($0), true) }
    return HTML.table(title, heads, across + rows, marked: Set(across.indices))
  }

  /// Runs gnuplot in a folder, and ends it where it hangs or the user wants to stop. Foundation's `Process` needs a thread, and
  /// waits for ever where the system has none.
  private static func draws(
    _ gnuplot: String, _ script: String, in folder: String, _ patience: Duration
  ) -> Bool {
    func quoted(_ word: String) -> String {
      "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }
    // Without what a user has set up for other drawings (-d). A folder may begin with a hyphen.
    let place = folder.hasPrefix("/") ? folder : "./" + folder
    let shell =
      "cd \(quoted(place)) && echo $$ && exec \(quoted(gnuplot)) -d \(quoted(script)) </dev/null 2>/dev/null"
    guard let pipe = popen(shell, "r") else { return false }
    var line = [CChar](repeating: 0, count: 32)
    let child = fgets(&line, Int32(line.count), pipe) == nil ? 0 : atoi(line)
    let deadline = ContinuousClock.now + patience
    var state = pollfd(fd: fileno(pipe), events: Int16(POLLIN), revents: 0)
    var words = [UInt8](repeating: 0, count: 4096)
    while true {
      if poll(&state, 1, 50) > 0 {
        guard read(state.fd, &words, words.count) > 0 else { break }
      } else if ContinuousClock.now > deadline || StopSignal.isRequested {
        if child > 0 { kill(child, SIGKILL) }
        break
      }
    }
    return pclose(pipe) == 0
  }

  /// Writes data and script, and draws.
  ///
  /// - Parameters:
  ///   - folder: where the files go, which is there.
  ///   - gnuplot: the program.
  ///   - patience: how long it may take.
  /// - Returns: the drawing as a part of a page; `nil` where gnuplot is not there or fails.
  /// - Throws: `FileError` when a file cannot be written, `CancellationError` when the user wants to stop.
  func draw(in folder: String, with gnuplot: String, _ patience: Duration) throws -> String? {
    try AtomicFile.write(to: "\(folder)/\(name).dat", Data(data.utf8))
    try AtomicFile.write(to: "\(folder)/\(name).gnuplot", Data(script.utf8))
    let path = "\(folder)/\(name).svg"
    try? FileManager.default.removeItem(atPath: path)
    guard Self.draws(gnuplot, "\(name).gnuplot", in: folder, patience),
      let bytes = FileManager.default.contents(atPath: path)
    else {
      // What it has begun.
      try? FileManager.default.removeItem(atPath: path)
      if StopSignal.isRequested { throw CancellationError() }
      return nil
    }
    let drawing = inline(String(decoding: bytes, as: UTF8.self))
    let head = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
    try AtomicFile.write(to: path, Data((head + drawing).utf8))
    return drawing
  }

  /// gnuplot's drawing as a part of a page that has several: names of its own, a title, and no words
  /// that only gnuplot understands.
  private func inline(_ svg: String) -> String {
    guard let begin = svg.range(of: "<svg") else { return svg }
    var text = String(svg[begin.lowerBound...])
    for quote in ["'", "\""] {
      text = text.replacingOccurrences(of: "id=\(quote)", with: "id=\(quote)\(name)-")
      text = text.replacingOccurrences(of: "href=\(quote)#", with: "href=\(quote)#\(name)-")
    }
    text = text.replacingOccurrences(of: "url(#", with: "url(#\(name)-")
    text = text.replacing(/<title>[^<]*<\/title>/, with: "")
    text = text.replacing(
      /<desc>[^<]*<\/desc>/,
      with: "<title>\(HTML.escaped(title))</title>\n<desc>\(HTML.escaped(caption))</desc>")
    text = text.replacingOccurrences(of: "<svg", with: "<svg role=\"img\"")
    return text.replacing(/\n\s*\n+/, with: "\n")
  }
}
