import Foundation
import FunMatchDistillation

/// A student and, where there is one, its teacher on the same images: a table for people, an object
/// for programs.
public struct Comparison: Codable, Sendable, Equatable {
  /// Number of images.
  public let images: Int
  /// The larger network; `nil` where the student was looked at alone.
  public let teacher: Contestant?
  /// The network in question.
  public let student: Contestant
  /// Share of images on which both choose the same class.
  public let agreement: Double?
  /// Mean KL(teacher ‖ student).
  public let kl: Double?

  /// The figures of an evaluation beside what is known of the networks.
  public init(_ evaluation: Evaluation, student: Contestant, teacher: Contestant?) {
    images = evaluation.images
    self.teacher = teacher
    self.student = student
    agreement = evaluation.agreement
    kl = evaluation.kl.flatMap { $0.isFinite ? $0 : nil }
  }

  /// The table, without a line break at its end.
  public var table: String {
    var rows = [["", "parameters", "MACs/image", "top-1", "agreement", "images/s"]]
    func row(_ name: String, _ network: Contestant, _ agreement: Double?) -> [String] {
      [
        name, Self.grouped(network.parameters), Self.grouped(network.macs),
        network.top1.map { String(format: "%.4f", $0) } ?? "-",
        agreement.map { String(format: "%.4f", $0) } ?? "-",
        Self.grouped(Int(network.imagesPerSecond.rounded())),
      ]
    }
    if let teacher { rows.append(row("teacher", teacher, nil)) }
    rows.append(row(teacher == nil ? "model" : "student", student, agreement))
    let widths = rows[0].indices.map { column in rows.map(\.[column].count).max() ?? 0 }
    return rows.map { cells in
      zip(cells, widths).enumerated().map { column, pair in
        let space = String(repeating: " ", count: pair.1 - pair.0.count)
        return column == 0 ? pair.0 + space : space + pair.0
      }.joined(separator: "  ")
    }.joined(separator: "\n") + "\n(\(Self.grouped(images)) images)"
  }

  /// A whole number with commas between thousands.
  public static func grouped(_ number: Int) -> String {
    var digits = String(abs(number))
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
  }
}
