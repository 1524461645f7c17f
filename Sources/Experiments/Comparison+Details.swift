extension Comparison {
  /// What the table leaves out, as some lines without a break at their end: losses, calibration,
  /// distances and the classes that the student knows least.
  public var details: String {
    func both(_ name: String, _ value: KeyPath<Contestant, Double?>) -> String? {
      student[keyPath: value].map {
        let other = teacher?[keyPath: value].map { " (teacher \(ProgressLine.fixed($0, 4)))" }
        return "\(name) \(ProgressLine.fixed($0, 4))\(other ?? "")"
      }
    }
    func alone(_ name: String, _ value: Double?) -> String? {
      value.map { "\(name) \(ProgressLine.fixed($0, 4))" }
    }
    let lines = [
      [both("loss", \.loss), both("calibration error", \.calibrationError)],
      [both("entropy", \.entropy)],
      [
        alone("KL from the teacher", kl), alone("Euclidean distance", euclidean),
        alone("top-5 agreement", agreementTop5),
      ],
    ]
    return (lines.map { $0.compactMap(\.self).joined(separator: ", ") } + worstClasses)
      .filter { !$0.isEmpty }.joined(separator: "\n")
  }

  /// Five classes, the worst first and in their own order among equals, below a heading.
  private var worstClasses: [String] {
    let seen = (perClass ?? []).compactMap { result in result.top1.map { (result, $0) } }
    let order = seen.indices.sorted { (seen[$0].1, $0) < (seen[$1].1, $1) }
    guard !seen.isEmpty else { return [] }
    return ["worst classes:"]
      + order.prefix(5).map { place in
        let (result, top1) = seen[place]
        let images = "\(Self.grouped(result.images)) image\(result.images == 1 ? "" : "s")"
        return "  \(ProgressLine.fixed(top1, 4))  \(result.name.prefix(60)) (\(images))"
      }
  }
}
