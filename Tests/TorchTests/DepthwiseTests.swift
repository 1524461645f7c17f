import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Depth-wise convolutions that are trained, against libtorch's double precision.
struct DepthwiseTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let images, channels, height, width, side, stride: Int
    var testDescription: String {
      "\(images) × \(channels) × \(height) × \(width), \(side), stride \(stride)"
    }
  }

  private struct Result {
    let output, images, kernel: Tensor
  }

  private static func run(_ each: Case, _ dtype: DType) -> Result {
    let (x, weight, gradient) = Torch.withSeed(UInt64(each.channels)) {
      let x = Tensor.randn([each.images, each.channels, each.height, each.width]).to(.bf16)
      let weight = Tensor.randn([each.channels, 1, each.side, each.side]).to(.bf16)
      let rows = (each.height - 1) / each.stride + 1
      let columns = (each.width - 1) / each.stride + 1
      return (x, weight, Tensor.randn([each.images, each.channels, rows, columns]).to(.bf16))
    }
    let leaves = [x.channelsLast.to(dtype), weight.to(dtype)].map { $0.detached().clone() }
    for leaf in leaves { leaf.requiresGradient = true }
    let y = leaves[0].conv2d(
      leaves[1], stride: each.stride, padding: each.side / 2, groups: each.channels)
    let gradients = (y * gradient.to(dtype)).sum().gradients(of: leaves)
    return Result(output: y.detached(), images: gradients[0], kernel: gradients[1])
  }

  /// Channels that fill vectors and that do not, sides that are smaller than the kernel, one image and many.
  @Test(
    arguments: [
      Case(images: 2, channels: 16, height: 8, width: 9, side: 3, stride: 1),
      Case(images: 3, channels: 24, height: 7, width: 7, side: 5, stride: 1),
      Case(images: 17, channels: 72, height: 10, width: 6, side: 5, stride: 2),
      Case(images: 1, channels: 88, height: 3, width: 2, side: 5, stride: 1),
      Case(images: 9, channels: 40, height: 9, width: 9, side: 3, stride: 2),
      Case(images: 2, channels: 7, height: 6, width: 6, side: 5, stride: 1),
    ])
  func gradientsAreThoseOfDoublePrecision(each: Case) {
    let wide = Self.run(each, .f64)
    for (dtype, limit) in [(DType.f32, 1e-5), (.bf16, 1.0 / 128)] {
      let result = Self.run(each, dtype)
      for (name, path) in [
        ("output", \Result.output), ("images", \.images), ("kernel", \.kernel),
      ] {
        #expect(result[keyPath: path].dtype == dtype)
        let difference = relativeDifference(
          result[keyPath: path], expected: wide[keyPath: path])
        // The others are libtorch's, which rounds sums more than once on CPUs without bf16.
        let most = dtype == .bf16 && name != "kernel" ? 2 * limit : limit
        #expect(difference < most, "\(dtype): \(name) differs by \(difference)")
      }
    }
  }

  /// The number of threads belongs to the process, so it is changed in one of its own.
  @Test func bitsDoNotDependOnTheNumberOfThreads() async {
    await #expect(processExitsWith: .success) {
      let each = Case(images: 21, channels: 40, height: 9, width: 8, side: 5, stride: 1)
      let kernels = [1, 2, 3].map { threads in
        Torch.threads = threads
        return Self.run(each, .f32).kernel
      }
      for other in kernels.dropFirst() { #expect(maximumDifference(other, kernels[0]) == 0) }
    }
  }
}
