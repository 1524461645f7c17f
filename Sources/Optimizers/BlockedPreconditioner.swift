import FunMatchTorch

/// Shampoo's preconditioner of one tensor, which is looked at as a matrix and cut into blocks.
///
/// The matrix has the first dimension as rows and all others, merged, as columns: filter × fan-in of a
/// convolution (out, in, kh, kw). If either is 1, as in a bias or a norm's scale, it is a vector, which
/// is preconditioned from one side. Cuts are at multiples of the block size, so that the last row and
/// the last column of blocks may be smaller.
struct BlockedPreconditioner {
  /// Bands of rows, each from left to right; together they tile the matrix.
  private let bands: [[BlockGroup]]
  private let rows: Int
  private let columns: Int

  /// Statistics start at zero.
  init(shape: [Int], blockSize: Int, device: Device) {
    let (rows, columns, isVector) = Self.matrix(shape)
    self.rows = rows
    self.columns = columns
    bands = Self.parts(rows, blockSize).map { band in
      Self.parts(columns, blockSize).map {
        BlockGroup(
          rows: band, columns: $0, blockSize: blockSize, sides: isVector ? 1 : 2, device: device)
      }
    }
  }

  /// Bytes of the statistics and roots of all blocks.
  static func bytes(shape: [Int], blockSize: Int) -> Int {
    let (rows, columns, isVector) = matrix(shape)
    return parts(rows, blockSize).reduce(0) { sum, band in
      parts(columns, blockSize).reduce(sum) { sum, part in
        let (height, width) = (min(blockSize, band.count), min(blockSize, part.count))
        let blocks = band.count / height * (part.count / width)
        return sum + 2 * 4 * blocks * (height * height + (isVector ? 0 : width * width))
      }
    }
  }

  /// What a tensor is looked at as.
  private static func matrix(_ shape: [Int]) -> (rows: Int, columns: Int, isVector: Bool) {
    let count = shape.reduce(1, *)
    let first = shape.first ?? 1
    let isVector = first == 1 || first == count
    return isVector ? (count, 1, true) : (first, count / first, false)
  }

  /// What whole blocks cover of a dimension, then what is left.
  private static func parts(_ size: Int, _ blockSize: Int) -> [Range<Int>] {
    let whole = size - size % blockSize
    return [0..<whole, whole..<size].filter { !$0.isEmpty }
  }

  /// All blocks of one size, from the top left to the bottom right.
  var groups: [BlockGroup] { Array(bands.joined()) }

  /// Adds a gradient to the statistics.
  func accumulate(_ gradient: Tensor, keeping kept: Double, adding added: Double) {
    let matrix = gradient.reshaped([rows, columns])
    for group in groups { group.accumulate(matrix, keeping: kept, adding: added) }
  }

  /// Computes the inverse roots anew from the statistics.
  func refreshRoots(epsilon: Double, precision: DType) {
    for group in groups { group.refreshRoots(epsilon: epsilon, precision: precision) }
  }

  /// The preconditioned gradient, in the gradient's shape.
  func precondition(_ gradient: Tensor) -> Tensor {
    let matrix = gradient.reshaped([rows, columns])
    let parts = bands.map { band in
      Tensor.concatenated(band.map { $0.precondition(matrix) }, 1)
    }
    return Tensor.concatenated(parts, 0).reshaped(gradient.shape)
  }
}
