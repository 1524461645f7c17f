import FunMatchTorch

/// Tensors compute what flows through a network.
extension Tensor: Signal {
  /// The convolution of (N, in, H, W).
  public func applying(_ layer: Conv2d, _ mode: Mode) -> Tensor {
    layer.convolve(self, layer.kernel(mode), layer.shift)
  }

  /// The convolution of (N, in, H, W) with standardised kernels.
  public func applying(_ layer: StandardizedConv2d, _ mode: Mode) -> Tensor {
    conv2d(
      layer.kernel(layer.weight.value.dtype == .f32 ? mode.precision : layer.weight.value.dtype),
      stride: layer.stride, padding: layer.weight.value.shape[2] / 2)
  }

  /// The normalisation of (N, C, H, W), and the ReLU after it if there is one.
  public func applying(_ layer: GroupNorm, _ mode: Mode) -> Tensor {
    groupNorm(
      layer.groups, weight: layer.weight.value, bias: layer.bias.value, epsilon: layer.epsilon,
      relu: layer.relu)
  }

  /// The normalisation of (N, C, H, W), and the activation after it if there is one; in training the running statistics
  /// follow.
  public func applying(_ layer: BatchNorm2d, _ mode: Mode) -> Tensor {
    let fused: NormActivation? =
      switch layer.activation {
      case nil: NormActivation.none
      case .relu: .relu
      case .relu6: .relu6
      case .hardSwish: .hardSwish
      case .hardSigmoid, .gelu: nil
      }
    guard !layer.weight.isFolded else { return layer.activation.map(applying) ?? self }
    let normalized = batchNorm(
      weight: layer.weight.value, bias: layer.bias.value, mean: layer.runningMean.value,
      variance: layer.runningVariance.value,
      isTraining: mode.isTraining && layer.isUpdated
        && (mode.group != nil || count > layer.weight.value.count),
      momentum: layer.momentum, epsilon: layer.epsilon, activation: fused ?? .none,
      group: mode.group)
    return fused == nil ? layer.activation.map(normalized.applying) ?? normalized : normalized
  }

  /// The normalisation of (…, C).
  public func applying(_ layer: LayerNorm, _ mode: Mode) -> Tensor {
    layerNorm(weight: layer.weight.value, bias: layer.bias.value, epsilon: layer.epsilon)
  }

  /// (…, in) to (…, out).
  public func applying(_ layer: Linear, _ mode: Mode) -> Tensor {
    linear(layer.matrix, bias: layer.bias.value)
  }

  /// The function of every value.
  public func applying(_ activation: Activation) -> Tensor {
    switch activation {
    case .relu: relu()
    case .relu6: relu6()
    case .hardSwish: hardSwish()
    case .hardSigmoid: hardSigmoid()
    case .gelu: gelu()
    }
  }

  /// Largest value of every window.
  public func maxPooled(kernel: Int, stride: Int, padding: Int, withZeros: Bool) -> Tensor {
    withZeros
      ? padded(padding).maxPool2d(kernel: kernel, stride: stride)
      : maxPool2d(kernel: kernel, stride: stride, padding: padding)
  }

  /// Mean over the places, in f32.
  public func spatialMean(keepsSides: Bool) -> Tensor {
    to(.f32).mean([2, 3], keepingDimensions: keepsSides)
  }

  /// (N, C, H, W) to (N, H · W, C).
  public func tokens() -> Tensor {
    let size = shape
    return permuted([0, 2, 3, 1]).reshaped([size[0], size[2] * size[3], size[1]])
  }

  /// Tokens with one more in front.
  public func prepending(_ token: Parameter) -> Tensor {
    let size = shape
    let first = Tensor.zeros([size[0], 1, size[2]], dtype: dtype, device: device)
    return .concatenated([first + token.value.to(dtype), self], 1)
  }

  /// Tokens plus values that are the same for every image.
  public func adding(_ values: Parameter) -> Tensor { self + values.value }

  /// Softmax of queries · keysᵀ / √(C / heads), times values.
  public func attended(heads: Int) -> Tensor {
    let size = shape
    let parts = reshaped([size[0], size[1], 3, heads, size[2] / 3 / heads])
      .permuted([2, 0, 3, 1, 4])
    func part(_ index: Int) -> Tensor {
      parts.narrowed(0, index..<index + 1).reshaped(Array(parts.shape.dropFirst()))
    }
    return Tensor.attention(queries: part(0), keys: part(1), values: part(2))
      .permuted([0, 2, 1, 3]).reshaped([size[0], size[1], size[2] / 3])
  }

  /// (N, T, C) to (N, C).
  public func token(_ index: Int) -> Tensor {
    let size = shape
    return narrowed(1, index..<index + 1).reshaped([size[0], size[2]])
  }

  /// (N, T, C) to (N, C).
  public func tokenMean(from first: Int) -> Tensor { narrowed(1, first..<shape[1]).mean([1]) }
}
