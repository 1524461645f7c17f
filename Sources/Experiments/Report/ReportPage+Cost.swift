extension ReportPage {
  /// What networks and training cost.
  var cost: String {
    let students = contents.students.filter { $0.steps > 0 }
    guard !students.isEmpty else { return "" }
    func both(_ cost: (ReportStudent) -> RunResult.Cost?) -> (String?, String?) {
      let known = students.compactMap(cost)
      return (
        Self.range(known.compactMap(\.parameters)) { Comparison.grouped($0) },
        Self.range(known.compactMap(\.macs)) { Self.scaled(Double($0)) }
      )
    }
    let (student, teacher) = (both { $0.result?.student }, both { $0.result?.teacher })
    let networks = [("student", student), ("teacher", teacher)].filter {
      $0.1.0 != nil || $0.1.1 != nil
    }.map { name, cost in [HTML.Cell.text(name), .number(cost.0), .number(cost.1)] }
    let images = students.compactMap(\.images).reduce(0, +)
    let work = students.compactMap(teacherWork)
    let seconds = students.compactMap(\.seconds)
    let asked = students.contains(where: \.isAskedBeforehand)
    let facts = [
      "\(Comparison.grouped(images)) images shown to \(students.count == 1 ? "the student" : "\(students.count) students")",
      work.isEmpty
        ? nil
        : "\(Self.scaled(work.reduce(0, +))) multiply-accumulates of teachers asked about them",
      seconds.isEmpty
        ? nil : "\(ProgressLine.time(seconds.reduce(0, +))) measured for all steps",
    ].compactMap(\.self).joined(separator: "; ")
    let notes = [
      students.count > 1 && !work.isEmpty
        ? "The teacher's work is counted as if each student asked for itself." : nil,
      contents.sharing.map { shared, alone in
        "Students share views and teachers: all steps of all students ask these about "
          + "\(Comparison.grouped(shared)) views instead of \(Comparison.grouped(alone))."
      },
      asked
        ? "Teachers that see each image in one way only are asked beforehand, and not counted."
        : nil,
      seconds.isEmpty ? nil : "Time is that of the steps, without evaluations.",
    ].compactMap(\.self).joined(separator: " ")
    let rows = students.map { student -> [HTML.Cell] in
      [
        .text(student.name), .number(Comparison.grouped(student.images)),
        .number(teacherWork(student).map(Self.scaled)),
        .number(student.seconds.map { ProgressLine.fixed($0, 1) }),
      ]
    }
    let each =
      students.count > 1
      ? HTML.details(
        "Cost of each student",
        HTML.table(
          "Cost of each student",
          [
            ("student", false), ("images shown", true), ("teacher MACs", true), ("seconds", true),
          ], rows)) : ""
    let table =
      networks.isEmpty
      ? ""
      : HTML.table(
        "Networks", [("network", false), ("parameters", true), ("MACs an image", true)], networks)
    return """
      <section>
      <h2>Cost</h2>
      <p>\(HTML.escaped(facts)).</p>
      \(table)
      \(notes.isEmpty ? "" : "<p class=\"note\">\(HTML.escaped(notes))</p>")
      \(each)
      </section>
      """
  }

  /// Multiply-accumulates of the teachers' answers, each view asked of them anew; `nil` where they
  /// are not known, or the teachers were asked beforehand.
  private func teacherWork(_ student: ReportStudent) -> Double? {
    // A student that is not finished does not tell, but others may have the same teachers.
    let cost =
      student.result?.teacher
      ?? contents.students.first {
        $0.result?.teacher != nil && $0.teacherValues == student.teacherValues
      }?.result?.teacher
    guard !student.teacherValues.isEmpty, let macs = cost?.macs, let images = student.images,
      !student.isAskedBeforehand
    else { return nil }
    return Double(macs) * Double(images)
  }

  /// One value, or the least and the most.
  private static func range(_ values: [Int], _ text: (Int) -> String) -> String? {
    guard let least = values.min(), let most = values.max() else { return nil }
    return least == most ? text(least) : "\(text(least))–\(text(most))"
  }

  /// Three digits and a prefix of the SI.
  static func scaled(_ value: Double) -> String {
    var (value, index) = (value, 0)
    let prefixes = ["", "k", "M", "G", "T", "P", "E"]
    while value >= 999.5, index < prefixes.count - 1 {
      value /= 1000
      index += 1
    }
    let digits = index == 0 ? 0 : value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
    let number = ProgressLine.fixed(value, digits)
    return index == 0 ? number : "\(number)\u{A0}\(prefixes[index])"
  }
}
