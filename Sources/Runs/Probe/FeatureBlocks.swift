import FunMatchTorch

/// The rows of a table in f64, every value less its mean and divided by its deviation over the training views, some rows at
/// a time. Up to a gigabyte of them stay in memory; of more, 4 million values are there at a time.
package final class FeatureBlocks {
  /// The bare rows.
  package let table: FeatureTable
  private let scaling: FeatureScaling
  private let keeps: Bool
  private var kept: [Tensor] = []

  /// A gigabyte.
  package static let mostBytes = 1 << 30

  /// - Parameter mostBytes: what may stay in memory.
  package init(
    _ table: FeatureTable, _ scaling: FeatureScaling, mostBytes: Int = FeatureBlocks.mostBytes
  ) {
    (self.table, self.scaling) = (table, scaling)
    keeps = table.rows * table.width * MemoryLayout<Double>.size <= mostBytes
  }

  /// Calls `body` with all rows in order.
  ///
  /// - Throws: what `body` throws; `FileError` when the rows cannot be read.
  package func forEach(_ body: (_ rows: Range<Int>, _ values: Tensor) throws -> Void) throws {
    for (number, rows) in table.blocks.enumerated() {
      guard number >= kept.count else {
        try body(rows, kept[number])
        continue
      }
      let values = scaling(try table.read(rows))
      if keeps { kept.append(values) }
      try body(rows, values)
    }
  }
}
