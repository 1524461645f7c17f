/// Rows of cells with columns as wide as their widest cell, for a terminal.
public struct TextTable {
  private var rows: [[String]]

  /// A table with these headings.
  public init(_ headings: [String]) { rows = [headings.map(\.printable)] }

  /// Adds a row with as many cells as there are headings.
  public mutating func append(_ cells: [String]) { rows.append(cells.map(\.printable)) }

  /// The table, without a line break at its end.
  ///
  /// - Parameter left: how many of the first columns are words, which begin in a line; numbers end in one.
  public func text(left: Int) -> String {
    let widths = (rows.first ?? []).indices.map { column in
      rows.map { column < $0.count ? $0[column].columns : 0 }.max() ?? 0
    }
    return rows.map { cells in
      zip(cells, widths).enumerated().map { column, pair in
        let space = String(repeating: " ", count: pair.1 - pair.0.columns)
        return column < left ? pair.0 + space : space + pair.0
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
