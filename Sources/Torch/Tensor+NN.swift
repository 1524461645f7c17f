internal import CTorch

extension Tensor {
  /// max(x, 0).
  public func relu() -> Tensor { Tensor.make("relu", [self]) { ct_relu(handle, $0) } }

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

  /// (N, C, …) normalised to mean 0 and biased variance 1 per channel.
  public func batchStandardized(epsilon: Double) -> Tensor {
    Tensor.make("batch_norm", [self]) { ct_batch_norm_training(handle, epsilon, $0) }
  }
}
