import FunMatchFiles

extension ReportContents {
  /// One sentence: the best student, its result, and how far it is from its teacher.
  var summary: String {
    let count = students.count
    let finished = students.filter { $0.state == .finished }.count
    let left =
      finished == count
      ? "" : count == 1 ? " It is not finished." : " \(finished) of \(count) are finished."
    guard let best = settings.first,
      let measure = ReportMeasure.telling.first(where: { best.spread($0) != nil }),
      let spread = best.spread(measure)
    else {
      return
        (count == 1
        ? "The student has not been evaluated yet." : "No student has been evaluated yet.")
        + left
    }
    let deviation = spread.deviation.map { " ± \(measure.text($0))" } ?? ""
    let value = "\(measure.text(spread.mean))\(deviation) % \(measure.words)"
    let seeds = spread.count > 1 ? " over \(spread.count) seeds" : ""
    let teachers = best.students.compactMap(measure.teacher)
    let gap = Spread(teachers).map { teacher in
      let points = 100 * (teacher.mean - spread.mean)
      let words = "\(NumberText.fixed(abs(points), 2)) points"
      let owner = count > 1 && settings.count == 1 ? "their" : "its"
      return "; \(owner) teacher has \(measure.text(teacher.mean)) %, "
        + (points >= 0 ? "\(words) more" : "\(words) less")
    }
    let who =
      count == 1
      ? "The student has"
      : settings.count == 1
        ? "\(count) students have"
        : "The best of \(count) students in \(settings.count) settings, \(best.label), has"
    return "\(who) \(value)\(seeds)\(gap ?? "").\(left)"
  }
}
