import FunMatchFiles

/// The page of a report: one HTML file that asks for nothing else.
struct ReportPage {
  let contents: ReportContents
  /// Each figure with its drawing; `nil` where there was no gnuplot.
  let figures: [(figure: ReportFigure, drawing: String?)]

  /// The whole page.
  var text: String {
    let title = HTML.escaped(contents.title)
    let parts = [header, results, drawings, cost, settings, footer].filter { !$0.isEmpty }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light">
      <title>\(title) – FunMatch report</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      \(parts.joined(separator: "\n"))
      </body>
      </html>

      """
  }

  private var header: String {
    """
    <header>
    <p class="kind">FunMatch report · \(contents.kind)</p>
    <h1>\(HTML.escaped(contents.title))</h1>
    <p class="lead">\(HTML.escaped(contents.summary))</p>
    </header>
    """
  }

  // MARK: Results

  private var measures: [ReportMeasure] { contents.measures }

  private func cell(_ setting: ReportSetting, _ measure: ReportMeasure) -> HTML.Cell {
    guard let spread = setting.spread(measure) else { return .number(nil) }
    let rest =
      (spread.deviation.map { " ± \(measure.text($0))" } ?? "")
      + (setting.students.count > 1 ? " (\(spread.count))" : "")
    let mean = HTML.escaped(measure.text(spread.mean))
    return HTML.Cell(
      content: rest.isEmpty ? mean : "\(mean)<span class=\"s\">\(HTML.escaped(rest))</span>")
  }

  /// A hyphen is no place to break a word that is read as one.
  private static func heading(_ measure: ReportMeasure) -> String {
    HTML.escaped(measure.heading)
      .replacing("top-1, %", with: "<span class=\"k\">top-1, %</span>")
  }

  private func axisHeading(_ axis: String) -> (heading: String, isNumber: Bool) {
    let isNumber = contents.students.allSatisfy { student in
      student.values[axis].map { Double($0) != nil || $0 == "none" } ?? true
    }
    return ("<code>\(HTML.escaped(contents.short(axis)))</code>", isNumber)
  }

  private func axisCells(_ student: ReportStudent) -> [HTML.Cell] {
    contents.axes.map { axis in
      HTML.Cell(
        content: HTML.escaped(student.values[axis] ?? "–"), isNumber: axisHeading(axis).isNumber)
    }
  }

  /// Whether steps made are not those of an axis.
  private var tellsSteps: Bool {
    contents.usesNames || !contents.axes.contains("schedule.steps")
      || contents.students.contains { $0.state != .finished }
  }

  private var results: String {
    let settings = contents.settings
    let isPlain = contents.usesNames || contents.axes.isEmpty
    let axes = isPlain ? [("student", false)] : contents.axes.map(axisHeading)
    let columns =
      axes + measures.map { (Self.heading($0), true) }
      + (tellsSteps ? [("steps made", true)] : []) + [("state", false)]
    let teacherRows = contents.teachers.map { teacher in
      let name = contents.teachers.count == 1 ? "teacher" : "teacher \(teacher.name)"
      return [HTML.Cell.text(name)]
        + Array(repeating: HTML.Cell(content: "", isNumber: false), count: axes.count - 1)
        + measures.map { measure in
          .number(teacher[measure].map(measure.text))
        } + (tellsSteps ? [.number(nil)] : []) + [.text("")]
    }
    let rows = settings.map { setting -> [HTML.Cell] in
      let names =
        contents.axes.isEmpty && setting.students.count > 1
        ? [HTML.Cell.text("\(setting.students.count) students")]
        : isPlain
          ? [HTML.Cell.text(setting.name)] : setting.students.first.map(axisCells) ?? []
      return names + measures.map { cell(setting, $0) }
        + (tellsSteps ? [.number(setting.steps)] : []) + [.text(setting.state)]
    }
    let hasSeeds = settings.contains { $0.students.count > 1 }
    let choice = contents.choice.flatMap { $0 == contents.result ? nil : $0 }
    let note = [
      hasSeeds ? "Mean ± sample standard deviation over seeds (number of seeds)." : nil,
      choice.map { "Ranked by \($0.words)." },
      contents.unequalImages.isEmpty
        ? nil
        : "Students were measured on different images (\(contents.unequalImages.joined(separator: ", "))): "
          + "such figures do not compare.",
    ].compactMap(\.self).joined(separator: " ")
    let best = Set([teacherRows.count].filter { _ in rows.count > 1 })
    return """
      <section>
      <h2>Results</h2>
      \(note.isEmpty ? "" : "<p class=\"note\">\(HTML.escaped(note))</p>")
      \(HTML.table("Students, the best first", columns, teacherRows + rows, marked: best))
      \(hasSeeds || contents.students.count > settings.count ? singles : "")
      </section>
      """
  }

  /// Each student by itself.
  private var singles: String {
    let isPlain = contents.usesNames || contents.axes.isEmpty
    let axes = isPlain ? [] : contents.axes.map(axisHeading)
    let columns =
      [("student", false)] + axes + [("seed", true)]
      + measures.map { (Self.heading($0), true) } + [
        ("steps made", true), ("state", false),
      ]
    let rows = contents.settings.flatMap(\.students).map { student -> [HTML.Cell] in
      [.text(student.name)] + (isPlain ? [] : axisCells(student))
        + [.number(student.values["seed"])]
        + measures.map { measure in .number(measure.value(student).map(measure.text)) }
        + [.number(NumberText.grouped(student.steps)), .text(student.state.rawValue)]
    }
    return HTML.details(
      "All \(contents.students.count) students one by one",
      HTML.table("Each student", columns, rows))
  }

  // MARK: Figures

  private var drawings: String {
    guard !figures.isEmpty else { return "" }
    let isMissing = figures.contains { $0.drawing == nil }
    let note =
      isMissing
      ? "<p class=\"note\">gnuplot is not here or could not draw; tables stand in for figures.</p>"
      : ""
    let all = figures.enumerated().map { place, pair in
      let (figure, drawing) = pair
      let words = "<b>Figure \(place + 1). \(HTML.escaped(figure.title)).</b> "
      let caption = "\(words)\(HTML.escaped(figure.caption))"
      return """
        <figure\(drawing == nil ? " class=\"w\"" : "")>
        \(drawing ?? figure.table)
        <figcaption>\(caption) <span class="s">Data: \(HTML.escaped(figure.name)).dat</span></figcaption>
        </figure>
        """
    }
    return """
      <section>
      <h2>Figures</h2>
      \(note)
      <div class="figures">
      \(all.joined(separator: "\n"))
      </div>
      </section>
      """
  }

  private var footer: String {
    """
    <footer>
    <p>Top-1 is the share of images that are given their own label first; agreement, the share on which \
    student and teacher choose the same class; KL, the mean KL(teacher ‖ student). Test figures are of \
    finished students, validation figures of the last evaluation.</p>
    </footer>
    """
  }
}
