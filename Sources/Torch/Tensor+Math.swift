internal import CTorch

extension Tensor {
  /// Values rounded to (code - zero) · scale, codes being 0 to 255, halves to the even one.
  package func roundedToBytes(scale: Double, zero: Int) -> Tensor {
    Tensor.make("rounding to bytes", [self]) {
      ct_fake_quantize(handle, scale, Int64(zero), $0)
    }
  }

  /// The logarithm of probabilities, finite where they are 0.
  package var logProbabilities: Tensor { clamped(low: 1e-30).log() }

  /// Element-wise sum, shapes broadcast as in NumPy.
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    make("add", [a, b]) { ct_add(a.handle, b.handle, $0) }
  }

  /// Element-wise difference.
  public static func - (a: Tensor, b: Tensor) -> Tensor {
    make("subtract", [a, b]) { ct_sub(a.handle, b.handle, $0) }
  }

  /// Element-wise product.
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    make("multiply", [a, b]) { ct_mul(a.handle, b.handle, $0) }
  }

  /// Element-wise quotient.
  public static func / (a: Tensor, b: Tensor) -> Tensor {
    make("divide", [a, b]) { ct_div(a.handle, b.handle, $0) }
  }

  /// Every value negated.
  public static prefix func - (x: Tensor) -> Tensor { make("negate", [x]) { ct_neg(x.handle, $0) } }

  /// Every value plus a number.
  public static func + (x: Tensor, value: Double) -> Tensor {
    make("add \(value)", [x]) { ct_add_scalar(x.handle, value, $0) }
  }

  /// Every value minus a number.
  public static func - (x: Tensor, value: Double) -> Tensor { x + -value }

  /// Every value times a number.
  public static func * (x: Tensor, value: Double) -> Tensor {
    make("multiply by \(value)", [x]) { ct_mul_scalar(x.handle, value, $0) }
  }

  /// Every value times a number.
  public static func * (value: Double, x: Tensor) -> Tensor { x * value }

  /// e to the power of every value.
  public func exp() -> Tensor { Tensor.make("exp", [self]) { ct_exp(handle, $0) } }

  /// Natural logarithm of every value.
  public func log() -> Tensor { Tensor.make("log", [self]) { ct_log(handle, $0) } }

  /// Square root of every value.
  public func squareRoot() -> Tensor { Tensor.make("sqrt", [self]) { ct_sqrt(handle, $0) } }

  /// Every value without its sign.
  public func magnitude() -> Tensor { Tensor.make("abs", [self]) { ct_abs(handle, $0) } }

  /// Inverse of the error function of every value in (-1, 1).
  public func inverseErf() -> Tensor { Tensor.make("erfinv", [self]) { ct_erfinv(handle, $0) } }

  /// Every value times itself.
  public func squared() -> Tensor { self * self }

  /// Values below `low` raised to it, values above `high` lowered to it.
  public func clamped(low: Double = -.infinity, high: Double = .infinity) -> Tensor {
    Tensor.make("clamp", [self]) { ct_clamp(handle, low, high, $0) }
  }

  /// The larger of two values, element-wise.
  public static func maximum(_ a: Tensor, _ b: Tensor) -> Tensor {
    make("maximum", [a, b]) { ct_maximum(a.handle, b.handle, $0) }
  }

  /// Where two tensors are equal, as bool.
  public func equal(_ other: Tensor) -> Tensor {
    Tensor.make("equal", [self, other]) { ct_eq(handle, other.handle, $0) }
  }

  /// Where values are neither infinite nor NaN, as bool.
  public var isFinite: Tensor { Tensor.make("isfinite", [self]) { ct_isfinite(handle, $0) } }

  /// Whether no value of a floating-point tensor is infinite or NaN.
  public var isAllFinite: Bool {
    let values = detached().reshaped([count])
    // In pieces, so that it takes no memory beside that of the values.
    return stride(from: 0, to: count, by: 1 << 20).allSatisfy { start in
      let piece = values.narrowed(0, start..<min(start + (1 << 20), count))
      return !(piece * 0).sum().item.isNaN
    }
  }

  /// Matrix product of the last two dimensions.
  public func matmul(_ other: Tensor) -> Tensor {
    Tensor.make("matmul", [self, other]) { ct_matmul(handle, other.handle, $0) }
  }

  /// Sum over dimensions, all of them when none is named.
  public func sum(_ dimensions: [Int] = [], keepingDimensions keep: Bool = false) -> Tensor {
    let all = dimensions.isEmpty ? Array(shape.indices) : dimensions
    return Tensor.make("sum over \(all)", [self]) {
      ct_sum(handle, all.int64, Int32(all.count), keep, $0)
    }
  }

  /// Mean over dimensions, all of them when none is named.
  public func mean(_ dimensions: [Int] = [], keepingDimensions keep: Bool = false) -> Tensor {
    let all = dimensions.isEmpty ? Array(shape.indices) : dimensions
    return Tensor.make("mean over \(all)", [self]) {
      ct_mean(handle, all.int64, Int32(all.count), keep, $0)
    }
  }

  /// Index (i64) of the largest value along a dimension, the lowest one among equals.
  public func argmax(_ dimension: Int = -1) -> Tensor {
    Tensor.make("argmax", [self]) { ct_argmax(handle, Int64(dimension), $0) }
  }

  /// Indices (i64) that sort a dimension from the largest value down; equals keep their order.
  public func sortedIndicesDescending(_ dimension: Int = -1) -> Tensor {
    Tensor.make("sort", [self]) { ct_sort_descending(handle, Int64(dimension), $0) }
  }

  /// Softmax along a dimension.
  public func softmax(_ dimension: Int = -1) -> Tensor {
    Tensor.make("softmax", [self]) { ct_softmax(handle, Int64(dimension), $0) }
  }

  /// Logarithm of softmax along a dimension.
  public func logSoftmax(_ dimension: Int = -1) -> Tensor {
    Tensor.make("log softmax", [self]) { ct_log_softmax(handle, Int64(dimension), $0) }
  }

  /// Sum of the squares of all values, the same on any number of threads.
  public var sumOfSquares: Double {
    var result = 0.0
    require("sum of squares", [self]) { ct_sum_of_squares(handle, &result) }
    return result
  }
}
