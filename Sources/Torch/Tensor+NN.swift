internal import CTorch

extension Tensor {
  /// max(x, 0).
  public func relu() -> Tensor { Tensor.make("relu", [self]) { ct_relu(handle, $0) } }

  /// min(max(x, 0), 6).
  public func relu6() -> Tensor { Tensor.make("relu6", [self]) { ct_relu6(handle, $0) } }

  /// x · min(max(x + 3, 0), 6) / 6.
  public func hardSwish() -> Tensor {
    Tensor.make("hardswish", [self]) { ct_hardswish(handle, $0) }
  }

  /// min(max(x + 3, 0), 6) / 6.
  public func hardSigmoid() -> Tensor {
    Tensor.make("hardsigmoid", [self]) { ct_hardsigmoid(handle, $0) }
  }

  /// x · Φ(x), Φ being the normal distribution's function.
  public func gelu() -> Tensor { Tensor.make("gelu", [self]) { ct_gelu(handle, $0) } }

  /// x · weightᵀ + bias; x (N, in), weight (out, in), bias (out).
  public func linear(_ weight: Tensor, bias: Tensor? = nil) -> Tensor {
    Tensor.make("linear", [self, weight, bias]) {
      ct_linear(handle, weight.handle, bias.handle, $0)
    }
  }

  /// Cross-correlation of (N, in, H, W) with (out, in / groups, kh, kw), zero padding on every
  /// side.
  public func conv2d(
    _ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, groups: Int = 1
  ) -> Tensor {
    Tensor.make("conv2d", [self, weight, bias]) {
      ct_conv2d(
        handle, weight.handle, bias.handle, Int64(stride), Int64(padding), Int64(groups), $0)
    }
  }

  /// Largest value of every window of (N, C, H, W), padded with -∞.
  public func maxPool2d(kernel: Int, stride: Int, padding: Int = 0) -> Tensor {
    Tensor.make("max_pool2d", [self]) {
      ct_max_pool2d(handle, Int64(kernel), Int64(stride), Int64(padding), $0)
    }
  }

  /// Group normalisation of (N, C, H, W) over `groups` runs of neighbouring channels, then ReLU if
  /// `relu`; weight and bias are (C), f32. On the CPU the variance is taken around the mean in a
  /// second pass.
  public func groupNorm(
    _ groups: Int, weight: Tensor, bias: Tensor, epsilon: Double = 1e-5, relu: Bool = false
  ) -> Tensor {
    Tensor.make("group_norm of \(groups)", [self, weight, bias]) {
      ct_group_norm(handle, Int64(groups), weight.handle, bias.handle, epsilon, relu, $0)
    }
  }

  /// A convolution's kernel (out, in, h, w) in the type that it is used in. With `epsilon` each filter is standardised first:
  /// less its mean, divided by √(biased variance + ε). On the CPU its channels lie side by side in memory.
  public func asKernel(standardizedWith epsilon: Double? = nil, _ dtype: DType) -> Tensor {
    Tensor.make("kernel", [self]) {
      ct_kernel(handle, epsilon != nil, epsilon ?? 0, dtype.rawValue, $0)
    }
  }

  /// What batch normalisation may do with every value at the end.
  public enum NormActivation: Int32, Sendable {
    /// Nothing.
    case none
    /// max(x, 0).
    case relu
    /// min(max(x, 0), 6).
    case relu6
    /// x · min(max(x + 3, 0), 6) / 6.
    case hardSwish
  }

  /// Batch normalisation of (N, C, H, W) with the given mean and biased variance, (C); in training with
  /// those of the batch, which the given ones follow in place by a share `momentum`, the variance being
  /// the unbiased one there. Then the activation. On the CPU bits do not depend on the number of threads.
  ///
  /// - Parameter group: the processes whose batches count as one, each of which normalises its own.
  public func batchNorm(
    weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, isTraining: Bool,
    momentum: Double, epsilon: Double, activation: NormActivation = .none,
    group: ProcessGroup? = nil
  ) -> Tensor {
    Tensor.make("batch_norm", [self, weight, bias, mean, variance]) {
      ct_batch_norm(
        handle, weight.handle, bias.handle, mean.handle, variance.handle, isTraining, momentum,
        epsilon, activation.rawValue, group?.handle ?? ct_group(pointer: nil), $0)
    }
  }

  /// Layer normalisation of (…, C) over the last dimension.
  public func layerNorm(weight: Tensor, bias: Tensor, epsilon: Double) -> Tensor {
    Tensor.make("layer_norm", [self, weight, bias]) {
      ct_layer_norm(handle, weight.handle, bias.handle, epsilon, $0)
    }
  }

  /// Softmax of queries · keysᵀ / √D, times values; all (N, heads, T, D).
  public static func attention(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor {
    make("attention", [queries, keys, values]) {
      ct_attention(queries.handle, keys.handle, values.handle, $0)
    }
  }
}
