import FunMatchONNX
import FunMatchTorch

extension Int8Scales.Range {
  /// Values that are looked at.
  private static let sampled = 1 << 17

  /// The range with the least mean square error among those that cut both ends of what there is by the same share. 0 is
  /// always a value of it.
  init(of values: Tensor) {
    let sample = Self.sample(values)
    let (low, high) = (min(0, sample.min() ?? 0), max(0, sample.max() ?? 0))
    var best = (error: Double.infinity, range: Self(scale: 1, zero: 0))
    guard high > low else {
      self = best.range
      return
    }
    for step in 0..<18 {
      let share = 1 - 0.04 * Float(step)
      let scale = (high - low) * share / 255
      let zero = Int((-low * share / scale).rounded())
      let range = Self(scale: scale, zero: zero)
      let error = sample.reduce(0.0) { sum, value in
        let code = max(0, min(255, (value / scale).rounded() + Float(zero)))
        let off = Double((code - Float(zero)) * scale - value)
        return sum + off * off
      }
      if error < best.error { best = (error, range) }
    }
    self = best.range
  }

  /// Values evenly spread over a tensor; all where there are few.
  private static func sample(_ values: Tensor) -> [Float] {
    // Channels lie side by side, so that this is no copy.
    let order = values.shape.count == 4 ? values.permuted([0, 2, 3, 1]) : values
    let flat = order.reshaped([-1])
    guard flat.count > sampled else { return flat.array(as: Float.self) }
    // An odd step, so that all channels have their turn.
    let step = (flat.count / sampled) | 1
    let places = (0..<flat.count / step).map { Int64($0 * step) }
    return flat.selecting(Tensor(places)).array(as: Float.self)
  }

  /// Values as u8 has them, in f32.
  func rounded(_ values: Tensor) -> Tensor {
    values.roundedToBytes(scale: Double(scale), zero: zero)
  }
}

/// A kernel in s8, with a scale for each output channel.
struct Int8Kernel {
  /// A step of each channel.
  let scales: [Float]
  /// Values that it stands for, in f32, of the kernel's shape.
  let values: Tensor

  /// The largest magnitude of a channel becomes 127.
  init(_ kernel: Tensor) {
    let rows = kernel.contiguous.reshaped([kernel.shape[0], -1])
    let count = rows.shape[1]
    let all = rows.array(as: Float.self)
    let scales = (0..<rows.shape[0]).map { row -> Float in
      let largest = all[row * count..<(row + 1) * count].reduce(0) { max($0, abs($1)) }
      return largest > 0 ? largest / 127 : 1
    }
    let rounded = all.enumerated().map { place, value in
      let scale = scales[place / count]
      return max(-127, min(127, (value / scale).rounded(.toNearestOrEven))) * scale
    }
    values = Tensor(rounded, shape: kernel.shape)
    self.scales = scales
  }
}
