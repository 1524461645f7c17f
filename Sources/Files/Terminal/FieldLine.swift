/// A line of fields, of which the least important give way where there is no room for all. Half a number would be another one.
public struct FieldLine {
  private var fields: [(text: String, rank: Int)] = []
  private let separator: String

  /// A line without fields yet.
  public init(separator: String = "  ") { self.separator = separator }

  /// Adds a field behind the others.
  ///
  /// - Parameter rank: the larger, the sooner it gives way; among equals the last does first.
  public mutating func append(_ text: String, rank: Int) { fields.append((text, rank)) }

  /// The fields that fit into so many columns; the beginning of the one that is left where it alone is too long.
  public func text(columns: Int) -> String {
    var fields = fields
    func line() -> String { fields.map(\.text.printable).joined(separator: separator) }
    while fields.count > 1, line().columns > columns {
      // The last of the largest.
      let last = fields.indices.reversed().max { fields[$0].rank < fields[$1].rank }
      if let last { fields.remove(at: last) }
    }
    return line().prefix(columns: columns)
  }
}
