import FunMatchTorch

/// Brings features to mean 0 and deviation 1, so that one regularisation means the same for all of them, and for every family.
/// A feature that never changes is only brought to 0, as scikit-learn's StandardScaler does.
package struct FeatureScaling {
  /// (1, width), f64.
  package let mean: Tensor
  /// (1, width), f64, positive.
  package let deviation: Tensor

  /// Of the rows of a table, in two passes.
  ///
  /// - Throws: `FileError` when they cannot be read.
  package init(of table: FeatureTable) throws {
    func mean(_ term: (Tensor) -> Tensor) throws -> Tensor {
      var sum = Tensor.zeros([1, table.width], dtype: .f64)
      for rows in table.blocks {
        sum = sum + term(try table.read(rows).to(.f64)).sum([0], keepingDimensions: true)
      }
      return sum * (1 / Double(table.rows))
    }
    let center = try mean { $0 }
    let variance = try mean { ($0 - center).squared() }
    let (squares, centers) = (
      variance.array(as: Double.self), center.array(as: Double.self)
    )
    let deviations = zip(squares, centers).map { variance, center in
      // What rounding leaves of a feature that is the same everywhere.
      variance > 1e-14 * center * center && variance > 1e-60 ? variance.squareRoot() : 1
    }
    self.mean = center
    deviation = Tensor(deviations, shape: [1, table.width])
  }

  /// (N, width), f64, of features (N, width).
  package func callAsFunction(_ features: Tensor) -> Tensor {
    (features.to(.f64) - mean) / deviation
  }
}
