import FunMatchFiles
import FunMatchRuns

extension ReportPage {
  /// What networks and training cost.
  var cost: String {
    let students = contents.students.filter { $0.steps > 0 }
    guard !students.isEmpty else { return "" }
    func both(_ cost: (ReportStudent) -> RunResult.Cost?) -> (String?, String?) {
      let known = students.compactMap(cost)
      return (
        Self.range(known.compactMap(\.parameters)) { NumberText.grouped($0) },
        Self.range(known.compactMap(\.macs)) { NumberText.scaled(Double($0)) }
      )
    }
    let (student, teacher) = (both { $0.result?.student }, both { $0.result?.teacher })
    let networks = [("student", student), ("teacher", teacher)].filter {
      $0.1.0 != nil || $0.1.1 != nil
    }.map { name, cost in [HTML.Cell.text(name), .number(cost.0), .number(cost.1)] }
    let images = students.compactMap(\.images).reduce(0, +)
    let work = students.compactMap(teacherWork)
    let seconds = students.compactMap(\.seconds)
    let areFixed = students.contains(where: \.hasFixedTeachers)
    let facts = [
      "\(NumberText.grouped(images)) images shown to \(students.count == 1 ? "the student" : "\(students.count) students")",
      work.isEmpty
        ? nil
        : "\(NumberText.scaled(work.reduce(0, +))) multiply-accumulates of teachers for them",
      seconds.isEmpty
        ? nil : "\(NumberText.duration(seconds.reduce(0, +))) measured for all steps",
    ].compactMap(\.self).joined(separator: "; ")
    let notes = [
      students.count > 1 && !work.isEmpty
        ? "The teacher's work is counted as if each student had a teacher of its own." : nil,
      contents.sharing.map { shared, alone in
        "Students share views and teachers: for all steps of all students these compute logits of "
          + "\(NumberText.grouped(shared)) views instead of \(NumberText.grouped(alone))."
      },
      areFixed
        ? "Teachers that see each image in one way only compute beforehand, and are not counted."
        : nil,
      seconds.isEmpty ? nil : "Time is that of the steps, without evaluations.",
    ].compactMap(\.self).joined(separator: " ")
    let rows = students.map { student -> [HTML.Cell] in
      [
        .text(student.name), .number(NumberText.grouped(student.images)),
        .number(teacherWork(student).map(NumberText.scaled)),
        .number(student.seconds.map { NumberText.fixed($0, 1) }),
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

  /// Multiply-accumulates of the teachers, each view computed anew; `nil` where they
  /// are not known, or the teachers computed beforehand.
  private func teacherWork(_ student: ReportStudent) -> Double? {
    // A student that is not finished does not tell, but others may have the same teachers.
    let cost =
      student.result?.teacher
      ?? contents.students.first {
        $0.result?.teacher != nil && $0.teacherValues == student.teacherValues
      }?.result?.teacher
    guard !student.teacherValues.isEmpty, let macs = cost?.macs, let images = student.images,
      !student.hasFixedTeachers
    else { return nil }
    return Double(macs) * Double(images)
  }

  /// One value, or the least and the most.
  private static func range(_ values: [Int], _ text: (Int) -> String) -> String? {
    guard let least = values.min(), let most = values.max() else { return nil }
    return least == most ? text(least) : "\(text(least))–\(text(most))"
  }
}
