import FunMatchDistillation
import FunMatchFiles

extension Comparison {
  /// What the table leaves out, as some lines without a break at their end: losses, calibration,
  /// distances and the classes that the student knows least.
  public var details: String {
    func text(_ metric: Metric) -> String? {
      self[metric].map { value in
        let other = teacher?[metric].map { " (teacher \(NumberText.fixed($0, 4)))" } ?? ""
        return "\(metric.title) \(NumberText.fixed(value, 4))\(other)"
      }
    }
    let rest = metrics.filter { !$0.isInTables && $0.key != Metric.top5.key }
    let lines = [Metric.Subject.network, .pair].flatMap { subject in
      Self.lines(
        (rest + (subject == .pair ? metrics.filter { $0.isInTables && $0.unit != .share } : []))
          .filter { $0.subject == subject }.compactMap(text))
    }
    return (lines + worstClasses).joined(separator: "\n")
  }

  /// As many with commas between them on a line as fit into 80 characters.
  private static func lines(_ parts: [String]) -> [String] {
    parts.reduce(into: []) { lines, part in
      if let last = lines.last, last.count + part.count < 79 {
        lines[lines.count - 1] = last + ", " + part
      } else {
        lines.append(part)
      }
    }
  }

  /// Five classes, the worst first and in their own order among equals, below a heading.
  private var worstClasses: [String] {
    let seen = (perClass ?? []).compactMap { result in result.top1.map { (result, $0) } }
    let order = seen.indices.sorted { (seen[$0].1, $0) < (seen[$1].1, $1) }
    guard !seen.isEmpty else { return [] }
    return ["worst classes:"]
      + order.prefix(5).map { place in
        let (result, top1) = seen[place]
        let images = "\(NumberText.grouped(result.images)) image\(result.images == 1 ? "" : "s")"
        return
          "  \(NumberText.fixed(top1, 4))  \(result.name.printable.prefix(columns: 60)) (\(images))"
      }
  }
}
