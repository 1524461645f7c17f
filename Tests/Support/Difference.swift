import FunMatchTorch

/// How many times as far as a reference itself in single precision others may be from what it gives in
/// double precision.
///
/// Kernels for other processors sum in other orders. With those for SSE 4.1, training logits of the
/// mobile networks were up to 2.8 times as far, statistics 3.2 times (`Scripts/deviation.py` measures).
public let deviationsAllowed = 4.0

/// The same where a reference computes in bf16: it is rounded at the same places on every machine.
public let halfDeviationsAllowed = 2.0

/// The largest absolute difference of two tensors' values, in double precision.
///
/// Infinite when the shapes differ and NaN when any difference is NaN, so that `difference <
/// tolerance` fails either way. Equal infinities do not differ.
public func maximumDifference(_ a: Tensor, _ b: Tensor) -> Double {
  guard a.shape == b.shape else { return .infinity }
  var largest = 0.0
  for (x, y) in zip(a.array(as: Double.self), b.array(as: Double.self)) where x != y {
    let difference = abs(x - y)
    if difference.isNaN { return .nan }
    largest = max(largest, difference)
  }
  return largest
}

/// `maximumDifference` divided by the largest magnitude in `expected`; the absolute one where that
/// is all zeros.
public func relativeDifference(_ a: Tensor, expected: Tensor) -> Double {
  let magnitude = expected.array(as: Double.self).reduce(0) { max($0, abs($1)) }
  return maximumDifference(a, expected) / (magnitude > 0 ? magnitude : 1)
}
