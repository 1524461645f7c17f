import FunMatchNN
import FunMatchTorch

/// Position embeddings for images of another size than weights were trained at.
///
/// Source: timm `layers/pos_embed.py`, `resample_abs_pos_embed`: bicubic, antialiased.
enum ViTPositions {
  /// The arrays with the positions as the network has them. Where they are not those of a class token
  /// and a square, they stay as they are, to be refused for their shape.
  static func resize(_ arrays: WeightLayout.Arrays, _ model: any Model) -> WeightLayout.Arrays {
    guard let wanted = model.store["pos_embed"]?.value.shape else { return arrays }
    return arrays.map { array in
      let shape = array.tensor.shape
      guard array.name == "pos_embed", shape.count == 3, shape[0] == 1, shape[1] != wanted[1],
        let old = side(shape[1]), let new = side(wanted[1])
      else { return array }
      let values = array.tensor.to(.f32)
      let squares = resized(
        values.narrowed(1, 1..<shape[1]).reshaped([old, old, shape[2]]), to: new)
      return (
        array.name,
        .concatenated(
          [values.narrowed(1, 0..<1), squares.reshaped([1, new * new, shape[2]])], 1)
      )
    }
  }

  /// The side of the square that so many tokens are, the class token aside.
  private static func side(_ tokens: Int) -> Int? {
    let side = Int(Double(max(tokens - 1, 0)).squareRoot())
    return side > 0 && side * side == tokens - 1 ? side : nil
  }

  /// (side, side, C) to (new, new, C).
  private static func resized(_ values: Tensor, to new: Int) -> Tensor {
    let (old, channels) = (values.shape[0], values.shape[2])
    let matrix = weights(from: old, to: new)
    // Rows, then, turned around, columns.
    let rows = matrix.matmul(values.reshaped([old, old * channels]))
      .reshaped([new, old, channels]).permuted([1, 0, 2])
    return matrix.matmul(rows.reshaped([old, new * channels]))
      .reshaped([new, new, channels]).permuted([1, 0, 2]).contiguous
  }

  /// The share of each of `old` places in each of `new`, (new, old).
  private static func weights(from old: Int, to new: Int) -> Tensor {
    let scale = Double(old) / Double(new)
    let stretch = max(scale, 1)
    let rows = (0..<new).map { place in
      let center = (Double(place) + 0.5) * scale
      let shares = (0..<old).map { cubic((Double($0) + 0.5 - center) / stretch) }
      let total = shares.reduce(0, +)
      return shares.map { $0 / total }
    }
    return Tensor(rows.flatMap { $0 }, shape: [new, old]).to(.f32)
  }

  /// Keys's kernel with a = -1/2.
  private static func cubic(_ x: Double) -> Double {
    let x = abs(x)
    if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
  }
}
