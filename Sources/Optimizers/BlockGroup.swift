import FunMatchTorch

/// Blocks of one size that tile a part of a matrix, with the statistics and inverse roots of each:
/// stacked, so that one operator works on all of them.
struct BlockGroup {
  /// The part of the matrix.
  let rows: Range<Int>
  let columns: Range<Int>
  /// Rows and columns of a block; both divide the part's.
  let height: Int
  let width: Int
  /// (blocks, height, height) and, of a matrix, (blocks, width, width), f32: sums of G Gᵀ and Gᵀ G.
  let statistics: [Tensor]
  /// In the statistics' shapes: their inverse p-th roots, p being twice their number.
  let roots: [Tensor]

  /// - Parameter sides: 1 preconditions the rows alone, 2 rows and columns.
  init(
    rows: Range<Int>, columns: Range<Int>, blockSize: Int, sides: Int, device: Device
  ) {
    self.rows = rows
    self.columns = columns
    height = min(blockSize, rows.count)
    width = min(blockSize, columns.count)
    let blocks = rows.count / height * (columns.count / width)
    let shapes = [height, width].prefix(sides).map { [blocks, $0, $0] }
    statistics = shapes.map { .zeros($0, device: device) }
    roots = shapes.map { .zeros($0, device: device) }
  }

  /// statistics ← kept · statistics + added · (G Gᵀ, Gᵀ G) for the blocks G of `matrix`.
  func accumulate(_ matrix: Tensor, keeping kept: Double, adding added: Double) {
    let blocks = cut(matrix)
    for (side, statistic) in statistics.enumerated() {
      let (a, b) = side == 0 ? (blocks, blocks.transposed) : (blocks.transposed, blocks)
      statistic.blend(keeping: kept, adding: added, ofProduct: a, b)
    }
  }

  /// roots ← (statistics + epsilon · largest eigenvalue)^(-1/p). The identity where a statistic is
  /// still zero, as the backbone's are at the first step below a head that starts at zero.
  func refreshRoots(epsilon: Double, precision: DType) {
    for (statistic, root) in zip(statistics, roots) {
      // Neither f64 nor LAPACK is on MPS.
      let source = statistic.device == .mps ? statistic.to(.cpu) : statistic
      let (values, vectors) = source.to(precision).symmetricEigen()
      let (blocks, size) = (values.shape[0], values.shape[1])
      // Rounding can leave an eigenvalue just below zero.
      let eigenvalues = values.clamped(low: 0)
      let largest = eigenvalues.narrowed(1, size - 1..<size)
      let isZero = largest.equal(largest * 0).to(precision)
      let damped = eigenvalues + (largest * epsilon + isZero)
      let exponent = -1 / Double(2 * statistics.count)
      // Half of the exponent on either side makes the product symmetric.
      let scale = (damped.log() * (exponent / 2)).exp()
      let half = vectors * scale.reshaped([blocks, 1, size])
      root.copy(from: half.matmul(half.transposed))
    }
  }

  /// The part's gradient with every block multiplied by its roots from both sides: (rows, columns).
  func precondition(_ matrix: Tensor) -> Tensor {
    var blocks = roots[0].matmul(cut(matrix))
    if roots.count == 2 { blocks = blocks.matmul(roots[1]) }
    return blocks.reshaped([rows.count / height, columns.count / width, height, width])
      .permuted([0, 2, 1, 3]).reshaped([rows.count, columns.count])
  }

  /// The part of a matrix as (blocks, height, width), rows of blocks one after the other.
  private func cut(_ matrix: Tensor) -> Tensor {
    matrix.narrowed(0, rows).narrowed(1, columns)
      .reshaped([rows.count / height, height, columns.count / width, width])
      .permuted([0, 2, 1, 3]).reshaped([-1, height, width])
  }
}

extension Tensor {
  /// (N, rows, columns) to (N, columns, rows); shares memory.
  fileprivate var transposed: Tensor { permuted([0, 2, 1]) }
}
