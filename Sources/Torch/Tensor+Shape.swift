internal import CTorch

extension Tensor {
  /// The same values in another shape; one size may be -1 and is found from the rest.
  public func reshaped(_ shape: [Int]) -> Tensor {
    Tensor.make("reshape to \(shape)", [self]) {
      ct_reshape(handle, shape.int64, Int32(shape.count), $0)
    }
  }

  /// The dimensions in another order; shares memory.
  public func permuted(_ order: [Int]) -> Tensor {
    Tensor.make("permute to \(order)", [self]) {
      ct_permute(handle, order.int64, Int32(order.count), $0)
    }
  }

  /// `range` of one dimension; shares memory.
  public func narrowed(_ dimension: Int, _ range: Range<Int>) -> Tensor {
    Tensor.make("narrow to \(range)", [self]) {
      ct_narrow(handle, Int64(dimension), Int64(range.lowerBound), Int64(range.count), $0)
    }
  }

  /// Tensors joined along an existing dimension.
  public static func concatenated(_ tensors: [Tensor], _ dimension: Int = 0) -> Tensor {
    make("concatenate", tensors) {
      ct_concatenate(tensors.map(\.handle), Int32(tensors.count), Int64(dimension), $0)
    }
  }

  /// Rolled by `shift` along a dimension, what falls off one end coming in at the other
  /// (`numpy.roll`).
  public func rolled(_ shift: Int, _ dimension: Int = 0) -> Tensor {
    Tensor.make("roll by \(shift)", [self]) { ct_roll(handle, Int64(shift), Int64(dimension), $0) }
  }

  /// Rows of a dimension picked by an i64 index.
  public func selecting(_ index: Tensor, _ dimension: Int = 0) -> Tensor {
    Tensor.make("index select", [self, index]) {
      ct_index_select(handle, Int64(dimension), index.handle, $0)
    }
  }

  /// Values picked along a dimension by an i64 index of the result's shape.
  public func gathered(_ index: Tensor, _ dimension: Int = -1) -> Tensor {
    Tensor.make("gather", [self, index]) {
      ct_gather(handle, Int64(dimension), index.handle, $0)
    }
  }

  /// (…) i64 class numbers to (…, classes) i64 zeros and ones.
  public func oneHot(_ classes: Int) -> Tensor {
    Tensor.make("one-hot of \(classes)", [self]) { ct_one_hot(handle, Int64(classes), $0) }
  }

  /// The last two dimensions framed by `amount` values on every side.
  public func padded(_ amount: Int, value: Double = 0) -> Tensor {
    let amounts = [Int64](repeating: Int64(amount), count: 4)
    return Tensor.make("pad by \(amount)", [self]) { ct_pad(handle, amounts, 4, value, $0) }
  }

  /// The last two dimensions framed by zeros, the last one `left` and `right`.
  public func padded(left: Int, _ right: Int, top: Int, _ bottom: Int) -> Tensor {
    let amounts = [left, right, top, bottom].int64
    return Tensor.make("pad by \(amounts)", [self]) { ct_pad(handle, amounts, 4, 0, $0) }
  }
}
