import FunMatchFiles
import FunMatchNN
import FunMatchTestSupport
import FunMatchTorch
import Testing

struct LayerTests {
  /// The definition, value by value, in double precision.
  private func groupNormalized(
    _ x: [Double], shape: [Int], groups: Int, gamma: [Double], beta: [Double], relu: Bool
  ) -> [Double] {
    let (n, c, area) = (shape[0], shape[1], shape[2] * shape[3])
    var y = x
    for image in 0..<n {
      for group in 0..<groups {
        let channels = group * c / groups..<(group + 1) * c / groups
        let places = channels.flatMap { channel in
          (0..<area).map { (image * c + channel) * area + $0 }
        }
        let mean = places.reduce(0) { $0 + x[$1] } / Double(places.count)
        let variance =
          places.reduce(0) { $0 + (x[$1] - mean) * (x[$1] - mean) } / Double(places.count)
        for place in places {
          let channel = place / area % c
          let value =
            (x[place] - mean) / (variance + 1e-5).squareRoot() * gamma[channel] + beta[channel]
          y[place] = relu ? max(0, value) : value
        }
      }
    }
    return y
  }

  @Test(arguments: [(1, true), (2, false), (6, true), (12, true)])
  func groupNormIsItsDefinition(groups: Int, relu: Bool) {
    let shape = [3, 12, 5, 7]
    let (x, flat, gamma, beta) = Torch.withSeed(3) {
      // A large mean is what a one-pass variance would lose.
      let x = (Tensor.randn(shape) * 0.01 + 100, Tensor.randn(shape))
      return (x.0, x.1, Tensor.randn([12]), Tensor.randn([12]))
    }
    let expected = groupNormalized(
      x.array(), shape: shape, groups: groups, gamma: gamma.array(), beta: beta.array(), relu: relu)
    // A mean of so many values around 100, summed in single precision one after another, may be off by
    // half an ulp of their sum.
    let area = shape[2] * shape[3]
    let rounding = Double(Float(area * 100).ulp / 2) / 0.01
    let largest = gamma.magnitude().array(as: Double.self).max() ?? 0
    for input in [x, x.channelsLast] {
      let y = input.groupNorm(groups, weight: gamma, bias: beta, relu: relu)
      #expect(maximumDifference(y, Tensor(expected, shape: shape)) < rounding * largest)
    }
    let y = flat.groupNorm(groups, weight: gamma, bias: beta, relu: relu)
    let reference = groupNormalized(
      flat.array(), shape: shape, groups: groups, gamma: gamma.array(), beta: beta.array(),
      relu: relu)
    #expect(maximumDifference(y, Tensor(reference, shape: shape)) < 5e-6)
  }

  /// libtorch has no second opinion on the backward pass that we could call, so it is checked by
  /// differences.
  @Test(arguments: [true, false])
  func groupNormGradientIsThatOfDifferences(relu: Bool) {
    let (x, gamma, beta, weights) = Torch.withSeed(5) {
      let (x, gamma, beta) = (Tensor.randn([2, 6, 3, 4]), Tensor.randn([6]), Tensor.randn([6]))
      return (x, gamma, beta, Tensor.randn([2, 6, 3, 4]))
    }
    for leaf in [x, gamma, beta] { leaf.requiresGradient = true }
    func loss(_ x: Tensor, _ gamma: Tensor, _ beta: Tensor) -> Tensor {
      (x.groupNorm(3, weight: gamma, bias: beta, relu: relu) * weights).sum()
    }
    let gradients = loss(x, gamma, beta).gradients(of: [x, gamma, beta])
    let leaves = [x, gamma, beta].map { $0.detached() }
    for (which, leaf) in leaves.enumerated() {
      let analytic = gradients[which].array(as: Double.self)
      for place in 0..<leaf.count {
        func shifted(_ amount: Float) -> Double {
          var values = leaf.array(as: Float.self)
          values[place] += amount
          var inputs = leaves
          inputs[which] = Tensor(values, shape: leaf.shape)
          return withoutGradients {
            groupNormalized(
              inputs[0].array(), shape: [2, 6, 3, 4], groups: 3, gamma: inputs[1].array(),
              beta: inputs[2].array(), relu: relu)
          }.enumerated().reduce(0) { $0 + $1.element * weights.array(as: Double.self)[$1.offset] }
        }
        let numeric = (shifted(1e-3) - shifted(-1e-3)) / 2e-3
        #expect(abs(numeric - analytic[place]) < 2e-3 * max(1, abs(numeric)))
      }
    }
  }

  @Test func groupNormInHalfPrecisionIsCloseToSingle() {
    let x = Torch.withSeed(7) { Tensor.randn([4, 32, 9, 9]).to(.bf16) }
    let ones = Tensor.ones([32])
    let zeros = Tensor.zeros([32])
    let narrow = x.groupNorm(8, weight: ones, bias: zeros, relu: true)
    #expect(narrow.dtype == .bf16)
    let wide = x.to(.f32).groupNorm(8, weight: ones, bias: zeros, relu: true)
    #expect(maximumDifference(narrow, wide) < 0.02)
  }

  @Test func standardizedKernelsHaveMeanZeroAndVarianceOne() {
    let kernel = Torch.withSeed(1) { Tensor.randn([8, 4, 3, 3]) * 3 + 5 }
    let standardized = StandardizedConv2d.standardize(kernel, epsilon: 1e-10).reshaped([8, -1])
    #expect(maximumDifference(standardized.mean([1]), .zeros([8])) < 1e-5)
    #expect(maximumDifference(standardized.squared().mean([1]), .ones([8])) < 1e-5)
  }

  @Test func frozenKernelsGiveTheSameConvolution() {
    let store = ParameterStore()
    let (convolution, x) = Torch.withSeed(2) {
      let convolution = StandardizedConv2d(
        store.root / "conv", 3, 8, kernel: 3, stride: 2, epsilon: 1e-10)
      return (convolution, Tensor.randn([2, 3, 9, 9]))
    }
    let before = convolution(x, .evaluation(.f32)).detached()
    store.freeze(.f32)
    #expect(before.shape == [2, 8, 5, 5])
    #expect(maximumDifference(before, convolution(x, .evaluation(.f32))) == 0)
    store.freeze(.f32)
    #expect(maximumDifference(before, convolution(x, .evaluation(.f32))) == 0)
  }

  @Test func lecunNormalIsTruncatedAndHasVarianceOneOverFanIn() throws {
    let store = ParameterStore()
    let parameter = Torch.withSeed(4) {
      store.root.parameter("w", [400, 25, 3, 3], .kernel, .lecunNormal)
    }
    let values = parameter.value.array(as: Double.self).map { $0 * 15 }
    let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
    #expect(abs(variance - 1) < 0.02)
    let largest = values.map(abs).max() ?? 0
    #expect(largest > 2.2 && largest <= 2 / 0.8796256 + 1e-4)
  }

  @Test func loadingNamesWhatDoesNotFit() throws {
    let store = ParameterStore()
    _ = GroupNorm(store.root / "norm", 4, groups: 2)
    let right = [(name: "norm.weight", tensor: Tensor.ones([4]) * 2), ("norm.bias", .ones([4]))]
    try store.load(right, from: "a file")
    #expect(store["norm.weight"]?.value.array(as: Float.self) == [2, 2, 2, 2])
    for (wrong, word) in [
      ([right[0]], "missing: norm.bias"), (right + [("other", .ones([1]))], "other"),
      ([right[0], ("norm.bias", .ones([5]))], "[5]"),
    ] {
      let error = #expect(throws: FileError.self) { try store.load(wrong, from: "a file") }
      #expect(error?.description.contains(word) == true)
      #expect(error?.description.hasPrefix("a file: ") == true)
    }
  }
}
