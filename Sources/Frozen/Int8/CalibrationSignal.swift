import FunMatchNN
import FunMatchONNX
import FunMatchTorch

/// Views on their way through a network, in float and as int8 has them, side by side: ranges and corrections are computed
/// where the layer stands, from what quantised layers before it give.
struct CalibrationSignal: Signal {
  /// What is found on the way.
  final class Findings {
    var scales = Int8Scales()
    /// Convolutions that stay in float.
    let isFloat: (String) -> Bool
    fileprivate var sums = 0
    /// Height of the feature maps that the last convolution saw.
    fileprivate var size: Int?
    /// Whether the network normalises over groups, which is done in float: sums stay what they are then, for rounding them
    /// only costs time (R152x2 6 to 14 % of a forward pass).
    fileprivate var normalizesGroups = false

    init(isFloat: @escaping (String) -> Bool) { self.isFloat = isFloat }
  }

  let float: Tensor
  let quantized: Tensor
  let findings: Findings
  /// The convolution that this comes from, if nothing was done to it since.
  private var kernel: String?

  init(_ float: Tensor, _ quantized: Tensor, _ findings: Findings, from kernel: String? = nil) {
    (self.float, self.quantized, self.findings) = (float, quantized, findings)
    self.kernel = kernel
  }

  private func both(_ body: (Tensor) -> Tensor) -> CalibrationSignal {
    CalibrationSignal(body(float), body(quantized), findings)
  }

  private func convolved(
    _ weight: Parameter, _ shift: Tensor?, _ convolve: (Tensor, Tensor, Tensor?) -> Tensor
  ) -> CalibrationSignal {
    let result = convolve(float, weight.value, shift)
    guard !findings.isFloat(weight.name) else {
      return CalibrationSignal(result, convolve(quantized, weight.value, shift), findings)
    }
    // Behind a stride all sizes are others, and hundreds of views are large.
    if let size = findings.size, size != float.shape[2] { Torch.releaseMemory() }
    findings.size = float.shape[2]
    let range = Int8Scales.Range(of: quantized)
    let kernel = Int8Kernel(weight.value)
    let rounded = convolve(range.rounded(quantized), kernel.values.channelsLast, shift)
    let correction = (result - rounded).mean([0, 2, 3])
    let before = shift ?? .zeros([weight.value.shape[0]])
    findings.scales.layers[weight.name] = Int8Scales.Layer(
      input: range, kernel: kernel.scales, bias: (before + correction).array(as: Float.self))
    return CalibrationSignal(
      result, rounded + correction.reshaped([1, -1, 1, 1]), findings, from: weight.name)
  }

  func applying(_ layer: Conv2d, _ mode: Mode) -> CalibrationSignal {
    convolved(layer.weight, layer.shift, layer.convolve)
  }

  func applying(_ layer: StandardizedConv2d, _ mode: Mode) -> CalibrationSignal {
    convolved(layer.weight, nil) { x, kernel, shift in
      x.conv2d(
        kernel, bias: shift, stride: layer.stride, padding: layer.weight.value.shape[2] / 2,
        groups: 1)
    }
  }

  func applying(_ layer: GroupNorm, _ mode: Mode) -> CalibrationSignal {
    findings.normalizesGroups = true
    return both { $0.applying(layer, mode) }
  }
  func applying(_ layer: BatchNorm2d, _ mode: Mode) -> CalibrationSignal {
    guard layer.weight.isFolded else { return both { $0.applying(layer, mode) } }
    return layer.activation.map(applying) ?? self
  }
  func applying(_ layer: LayerNorm, _ mode: Mode) -> CalibrationSignal {
    both { $0.applying(layer, mode) }
  }
  func applying(_ layer: Linear, _ mode: Mode) -> CalibrationSignal {
    both { $0.applying(layer, mode) }
  }

  /// Behind an activation that clips, what counts is the mean of what is left: the convolution before it is corrected
  /// until both agree there.
  func applying(_ activation: Activation) -> CalibrationSignal {
    guard let kernel, let layer = findings.scales.layers[kernel] else {
      return both { $0.applying(activation) }
    }
    // Some images tell the means.
    let some = 0..<min(float.shape[0], 64)
    let (wanted, shape) = (float.applying(activation), [1, -1, 1, 1])
    let means = wanted.narrowed(0, some).mean([0, 2, 3])
    var (values, shift) = (quantized.narrowed(0, some), Tensor.zeros(means.shape))
    for _ in 0..<4 {
      let step = means - values.applying(activation).mean([0, 2, 3])
      shift = shift + step
      values = values + step.reshaped(shape)
    }
    let bias = zip(layer.bias, shift.array(as: Float.self)).map { $0 + $1 }
    findings.scales.layers[kernel] = Int8Scales.Layer(
      input: layer.input, kernel: layer.kernel, bias: bias)
    return CalibrationSignal(
      wanted, (quantized + shift.reshaped(shape)).applying(activation), findings)
  }

  func maxPooled(
    kernel: Int, stride: Int, padding: Int, withZeros: Bool
  ) -> CalibrationSignal {
    both { $0.maxPooled(kernel: kernel, stride: stride, padding: padding, withZeros: withZeros) }
  }
  func spatialMean(keepsSides: Bool) -> CalibrationSignal {
    both { $0.spatialMean(keepsSides: keepsSides) }
  }

  static func + (a: CalibrationSignal, b: CalibrationSignal) -> CalibrationSignal {
    let findings = a.findings
    let number = findings.sums
    findings.sums += 1
    // Where one of both was never rounded, nothing is gained.
    guard a.float.shape.count == 4, a.kernel != nil || b.kernel != nil, !findings.normalizesGroups
    else {
      return CalibrationSignal(a.float + b.float, a.quantized + b.quantized, findings)
    }
    let ranges = [a, b].map { Int8Scales.Range(of: $0.quantized) }
    findings.scales.sums[number] = ranges
    return CalibrationSignal(
      a.float + b.float, ranges[0].rounded(a.quantized) + ranges[1].rounded(b.quantized), findings)
  }

  static func * (a: CalibrationSignal, b: CalibrationSignal) -> CalibrationSignal {
    CalibrationSignal(a.float * b.float, a.quantized * b.quantized, a.findings)
  }

  func tokens() -> CalibrationSignal { both { $0.tokens() } }
  func prepending(_ token: Parameter) -> CalibrationSignal { both { $0.prepending(token) } }
  func adding(_ values: Parameter) -> CalibrationSignal { both { $0.adding(values) } }
  func attended(heads: Int) -> CalibrationSignal { both { $0.attended(heads: heads) } }
  func token(_ index: Int) -> CalibrationSignal { both { $0.token(index) } }
  func tokenMean(from first: Int) -> CalibrationSignal { both { $0.tokenMean(from: first) } }
}
