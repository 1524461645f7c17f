import FunMatchDistillation

extension ReportContents {
  /// More lines than this cannot be told apart.
  static let mostLines = 12

  /// A sentence where there are too many of them.
  static func words(ofLines count: Int) -> String {
    count > mostLines ? "Only the best \(mostLines) of \(count) lines are drawn." : ""
  }

  /// All figures that the students have data for.
  var figures: [ReportFigure] {
    let all = [lengthFigure].compactMap(\.self) + comparisons + axisFigures + curves
    // The gap ends at the teacher's line, however far that is.
    let drawn = all.map(\.withoutFarReferences) + [ReportResults(self).gapFigure].compactMap(\.self)
    // Short ones first, so that two columns have few holes.
    return drawn.enumerated()
      .sorted { ($0.element.height, $0.offset) < ($1.element.height, $1.offset) }
      .map(\.element)
  }

  /// The teachers' own accuracy on the images of a measure.
  private func references(_ measure: ReportMeasure) -> [(name: String, value: Double)] {
    let values = teachers.compactMap { teacher in teacher[measure].map { (teacher.name, $0) } }
    var seen: [Double] = []
    let different = values.filter { pair in
      defer { seen.append(pair.1) }
      return !seen.contains(pair.1)
    }
    let isOne = different.count == 1
    return different.prefix(3).map { (isOne ? "teacher" : "teacher \($0.0)", $0.1) }
  }

  /// How settings are called in the key of a figure: values alone where names would be too long, and
  /// then a sentence on what they are of.
  private func key(
    without hidden: Set<String> = []
  ) -> (label: (ReportSetting) -> String, words: String) {
    if usesNames { return (\.label, "") }
    func values(_ setting: ReportSetting) -> ReportStudent? { setting.students.first }
    let shown = axes.filter { !hidden.contains($0) }
    let isLong = students.contains { label($0, without: hidden).count > 36 }
    guard isLong, shown.count > 1 else {
      return ({ values($0).map { label($0, without: hidden) } ?? "" }, "")
    }
    return (
      { setting in
        shown.map { values(setting)?.values[$0] ?? "–" }.joined(separator: " · ")
      },
      "In the key: \(shown.map { short($0) }.joined(separator: " · "))."
    )
  }

  /// Over steps: top-1 and agreement; both in one figure of a single run.
  private var curves: [ReportFigure] {
    let columns = ["step", "mean", "lowest", "highest", "seeds"]
    func rows(_ setting: ReportSetting, _ metric: Metric) -> [[Double]] {
      setting.curve(metric).map { step, spread in
        [Double(step), spread.mean, spread.lowest, spread.highest, Double(spread.count)]
      }
    }
    if isSingle, let setting = settings.first {
      let series = [
        ReportFigure.Series(label: "top-1", rows: rows(setting, .top1)),
        ReportFigure.Series(label: "agreement with the teacher", rows: rows(setting, .agreement)),
      ].filter { $0.rows.count > 1 }
      guard !series.isEmpty else { return [] }
      return [
        ReportFigure(
          name: "accuracy", title: "Validation accuracy over steps",
          caption: series.map(\.label).joined(separator: " and ").capitalizedFirst
            + " on the validation images over the steps of the run.",
          kind: .curves, columns: columns, series: series, x: "step", y: "validation images, %",
          isShare: true,
          references: references(ReportMeasure(metric: .top1, split: .validation)).map {
            ("\($0.name), top-1", $0.value)
          })
      ]
    }
    let kinds: [(String, String, Metric)] = [
      ("accuracy", "Top-1", .top1), ("agreement", "Agreement with the teacher", .agreement),
    ]
    // One point of a student is no curve; tables have it.
    func isCurve(_ setting: ReportSetting, _ metric: Metric) -> Bool {
      setting.students.contains { $0.metrics.evaluations.count { $0[metric] != nil } > 1 }
    }
    // A setting looks the same in all of them.
    let shown = settings.filter { setting in kinds.contains { isCurve(setting, $0.2) } }
    return kinds.compactMap { name, words, metric in
      let key = key()
      let drawn = shown.enumerated().filter { isCurve($0.element, metric) }.map { place, setting in
        ReportFigure.Series(
          label: key.label(setting), rows: rows(setting, metric), look: place)
      }
      guard !drawn.isEmpty else { return nil }
      let isPart = settings.contains { setting in
        let counts = setting.students.map { $0.metrics.evaluations.count { $0[metric] != nil } }
        return counts.max() == 1
      }
      let hasBands = drawn.contains { $0.rows.contains { $0[4] > 1 } }
      let which =
        drawn.count > Self.mostLines
        ? "Only the best \(Self.mostLines) of \(drawn.count) settings are drawn." : ""
      return ReportFigure(
        name: name, title: "\(words) on the validation images over steps",
        caption: [
          "\(words) on the validation images over the steps of the run.",
          hasBands ? "Lines are means over seeds, bands reach from the lowest to the highest." : "",
          isPart ? "Settings that were evaluated only once are not drawn." : "", key.words, which,
        ].filter { !$0.isEmpty }.joined(separator: " "),
        kind: .curves, columns: columns, series: Array(drawn.prefix(Self.mostLines)), x: "step",
        y: "\(words.lowercased()), %", isShare: true,
        references: references(ReportMeasure(metric: metric, split: .validation)))
    }
  }

  /// The result over how long training was, as Fig. 3 of the paper has it.
  private var lengthFigure: ReportFigure? {
    guard let result, let length = Self.lengths.first(where: { axes.contains($0) }) else {
      return nil
    }
    // What changes with the length, and with nothing else, is no setting of its own.
    let led = axes.filter { axis in
      axis != length && Self.follows(axis, from: length, students.map(\.values))
    }
    let hidden = Set(led + [length])
    let key = key(without: hidden)
    let rows = settings.compactMap { setting -> (label: String, row: [Double])? in
      guard let first = setting.students.first, let spread = setting.end(result),
        let x = first.values[length].flatMap(Double.init), x > 0
      else { return nil }
      return (
        key.label(setting),
        [x, spread.mean, spread.deviation ?? .nan, Double(spread.count)]
      )
    }
    let drawn = ReportFigure.lines(rows)
    guard !drawn.isEmpty, !usesNames else { return nil }
    let unit = length.split(separator: ".").last.map(String.init) ?? length
    return ReportFigure(
      name: "length", title: "Result over schedule length",
      caption: [
        "\(result.words.capitalizedFirst) over the length of training; error bars are the standard "
          + "deviation over seeds.",
        led.isEmpty
          ? "" : "With the length changes \(led.map { short($0) }.joined(separator: ", ")).",
        key.words, Self.words(ofLines: drawn.count),
      ].filter { !$0.isEmpty }.joined(separator: " "),
      kind: .trend(isLogarithmic: true), columns: [unit, "mean", "deviation", "seeds"],
      series: Array(drawn.prefix(Self.mostLines)), x: "\(unit), logarithmic",
      y: result.heading, isShare: result.isShare, references: references(result))
  }

  /// Cases and view policies, each at its best, of the greatest length that all have.
  private var comparisons: [ReportFigure] {
    ["case", "views.policy"].filter { axes.contains($0) && !usesNames }.compactMap { axis in
      guard let result else { return nil }
      let (known, length) = settingsOfEqualLength(axis, result)
      var seen: Set<String> = []
      let chosen = known.filter { setting in
        setting.value(axis).map { seen.insert($0).inserted } ?? false
      }
      guard chosen.count > 1 else { return nil }
      let best = chosen.compactMap { setting in setting.end(result).map { (setting, $0) } }
        .sorted { $0.1.mean > $1.1.mean }
      let others = axes.filter { other in
        other != axis && Set(best.map { $0.0.value(other) }).count > 1
      }
      // With what only goes with it, the case says all.
      let isAlone = others.isEmpty || known.count == best.count
      let labels = best.map { setting, _ in
        let own = setting.value(axis) ?? "–"
        let rest = others.map { setting.value($0) ?? "–" }.joined(separator: ", ")
        return isAlone ? own : "\(own) (\(rest))"
      }
      let rows = best.enumerated().map { place, pair in
        [Double(place + 1), pair.1.mean, pair.1.deviation ?? .nan, Double(pair.1.count)]
      }
      let words = axis == "case" ? "cases" : "view policies"
      return ReportFigure(
        name: axis == "case" ? "cases" : "policies", title: "Comparison of \(words)",
        caption: [
          "\(result.words.capitalizedFirst); error bars are the standard deviation over seeds.",
          length.map { "All have \($0)." } ?? "",
          known.count > best.count
            ? "Of each, the setting that ranks first is shown." : "",
          isAlone ? "" : "In brackets: \(others.map { short($0) }.joined(separator: ", ")).",
        ].filter { !$0.isEmpty }.joined(separator: " "),
        kind: .dots, columns: ["place", "mean", "deviation", "seeds"],
        series: [.init(label: labels.joined(separator: "\n"), rows: rows)], x: result.heading,
        y: "", isShare: result.isShare, references: references(result))
    }
  }

  /// Settings that came to their ends, the best first, of the greatest length at which all values of an axis
  /// are there, and that length in words; all of them where there is none.
  private func settingsOfEqualLength(
    _ axis: String, _ result: ReportMeasure
  ) -> (settings: [ReportSetting], length: String?) {
    let known = settings.filter { $0.value(axis) != nil && $0.end(result) != nil }
    guard let length = Self.lengths.first(where: { axes.contains($0) && $0 != axis }) else {
      return (known, nil)
    }
    let count = Set(known.map { $0.value(axis) }).count
    let whole = Dictionary(grouping: known) { $0.value(length).flatMap(Double.init) ?? 0 }
      .filter { Set($0.value.map { $0.value(axis) }).count == count }
    guard let longest = whole.max(by: { $0.key < $1.key }) else { return (known, nil) }
    return (
      longest.value,
      longest.value.first.map { "\(short(length)) \($0.value(length) ?? "–")" }
    )
  }

  /// The result over axes with at least three numbers, other axes averaged or at their best.
  private var axisFigures: [ReportFigure] {
    guard let result, !usesNames else { return [] }
    return axes.filter { !Self.lengths.contains($0) }.compactMap { axis in
      var groups: [Double: [Double]] = [:]
      for setting in settings {
        guard let spread = setting.end(result) else { continue }
        guard let value = setting.students.first?.values[axis].flatMap(Double.init),
          value.isFinite
        else { return nil }
        groups[value, default: []].append(spread.mean)
      }
      let values = groups.keys.sorted()
      guard values.count >= 3, let least = values.first, let most = values.last else { return nil }
      let means = values.compactMap { value in
        Spread(groups[value] ?? []).map { [value, $0.mean, .nan, Double($0.count)] }
      }
      let isAlone = groups.values.allSatisfy { $0.count == 1 }
      // Settings come the best first.
      let best = values.compactMap { value in
        groups[value]?.first.map { [value, $0, .nan, Double(groups[value]?.count ?? 0)] }
      }
      let name = short(axis)
      return ReportFigure(
        name: "axis-" + name.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined(),
        title: "Result over \(name)",
        caption: "\(result.words.capitalizedFirst) over \(axis)"
          + (isAlone
            ? "." : ": of the setting that ranks first, and the mean of all with that value."),
        kind: .trend(isLogarithmic: least > 0 && most / least >= 8),
        columns: [name, "value", "deviation", "settings"],
        series: isAlone
          ? [.init(label: "result", rows: best)]
          : [.init(label: "best", rows: best), .init(label: "mean", rows: means)], x: name,
        y: result.heading, isShare: result.isShare, references: references(result))
    }
  }
}

extension String {
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
