import Foundation
import FunMatchTestSupport
import FunMatchTorch
import Testing

@Suite struct AutogradTests {
  /// A tensor that gradients are wanted for.
  private func parameter(_ values: [Double], _ shape: [Int]) -> Tensor {
    let tensor = Tensor(values, shape: shape)
    tensor.requiresGradient = true
    return tensor
  }

  @Test func gradientOfAnExpression() {
    let w = parameter([1, -2, 3], [3])
    let b = parameter([0.5], [1])
    let x = Tensor([2.0, 1, -1])
    // f = Σ (w x + b)² ; df/dw = 2 (w x + b) x ; df/db = 2 Σ (w x + b)
    let f = (w * x + b).squared().sum()
    f.backward()
    // w x + b = [2.5, -1.5, -2.5]
    #expect(f.item == 14.75)
    #expect(w.gradient?.array(as: Double.self) == [10, -3, 5])
    #expect(b.gradient?.array(as: Double.self) == [-3])
    #expect(x.gradient == nil)
  }

  @Test func gradientOfALoss() {
    // KL to fixed probabilities p through softmax: the gradient is softmax(z) - p.
    let z = parameter([0.3, -1.2, 2.0], [1, 3])
    let p = Tensor([0.2, 0.5, 0.3], shape: [1, 3])
    let gradients = (-(p * z.logSoftmax()).sum()).gradients(of: [z])
    // A few roundings of values below 1.
    #expect(maximumDifference(gradients[0], z.detached().softmax() - p) < 8 * .ulpOfOne)
    #expect(z.gradient == nil)
  }

  @Test func gradientsAddUpUntilCleared() {
    let w = parameter([2], [1])
    w.squared().sum().backward()
    #expect(w.gradient?.item == 4)
    w.squared().sum().backward()
    #expect(w.gradient?.item == 8)
    w.clearGradient()
    #expect(w.gradient == nil)
    w.squared().sum().backward()
    #expect(w.gradient?.item == 4)
  }

  @Test func cloneIsRecordedAndDetachedIsNot() {
    let w = parameter([3], [1])
    #expect(w.clone().requiresGradient && !w.detached().requiresGradient)
    #expect((w.clone() * w.detached()).sum().gradients(of: [w])[0].item == 3)
  }

  @Test func withoutGradientsRecordsNothing() throws {
    let w = parameter([3], [1])
    let recorded = withoutGradients { (w * 2).requiresGradient }
    #expect(!recorded && (w * 2).requiresGradient)
    struct Stop: Error {}
    #expect(throws: Stop.self) { try withoutGradients { throw Stop() } }
    #expect((w * 2).requiresGradient)
    let nested = withoutGradients { () -> Bool in
      withoutGradients {}
      return (w * 2).requiresGradient
    }
    #expect(!nested)
  }

  @Test func inferenceRecordsNothingAndItsResultsCanBeUsed() {
    let w = parameter([3], [1])
    let target = withInference { w * 2 }
    #expect(!target.requiresGradient && target.item == 6)
    #expect((w * 5 - target).squared().sum().gradients(of: [w])[0].item == 90)
    // What a backward pass must keep, such as a factor, has to be a tensor made outside: a clone.
    #expect((w * target.clone()).sum().gradients(of: [w])[0].item == 6)
    #expect((w * 2).requiresGradient)
  }

  @Test func inferenceTensorsCannotBeKeptForGradients() async {
    await #expect(processExitsWith: .exitCode(1)) {
      let w = Tensor.ones([1])
      w.requiresGradient = true
      _ = w * withInference { w * 2 }
    }
  }

  @Test func gradientOfAConvolutionAgainstDifferences() {
    let image = Fixture.tensor([2, 2, 4, 4], .f64)
    let kernel = parameter((0..<36).map { Double($0 % 7) / 10 - 0.3 }, [2, 2, 3, 3])
    let loss = { (k: Tensor) in image.conv2d(k, stride: 2, padding: 1).squared().sum() }
    let gradient = loss(kernel).gradients(of: [kernel])[0].array(as: Double.self)
    for index in [0, 17, 35] {
      var values = kernel.array(as: Double.self)
      values[index] += 1e-5
      let above = loss(Tensor(values, shape: kernel.shape)).item
      values[index] -= 2e-5
      let below = loss(Tensor(values, shape: kernel.shape)).item
      #expect(abs((above - below) / 2e-5 - gradient[index]) < 1e-6 * max(1, abs(gradient[index])))
    }
  }

  @Test func autocastComputesConvolutionsInBF16() {
    let image = Fixture.tensor([1, 4, 8, 8]) * 1.001
    let weight = Fixture.tensor([4, 4, 3, 3])
    weight.requiresGradient = true
    #expect(image.conv2d(weight).dtype == .f32)
    let (convolved, summed) = withAutocast(.bf16, on: .cpu) {
      (image.conv2d(weight), image + image)
    }
    #expect(convolved.dtype == .bf16 && summed.dtype == .f32)
    #expect(image.conv2d(weight).dtype == .f32)
    #expect(weight.dtype == .f32)
    #expect(relativeDifference(convolved, expected: image.conv2d(weight)) < 0.01)
    #expect(maximumDifference(convolved, image.conv2d(weight)) > 0)
    let gradient = convolved.to(.f32).sum().gradients(of: [weight])[0]
    #expect(gradient.dtype == .f32)
    #expect(withAutocast(.f32, on: .cpu) { image.conv2d(weight).dtype } == .f32)
  }

  @Test func autocastScopesNest() {
    let image = Fixture.tensor([1, 4, 8, 8])
    let weight = Fixture.tensor([4, 4, 3, 3])
    struct Stop: Error {}
    withAutocast(.bf16, on: .cpu) {
      #expect(throws: Stop.self) { try withAutocast(.bf16, on: .cpu) { throw Stop() } }
      #expect(image.conv2d(weight).dtype == .bf16)
    }
    #expect(image.conv2d(weight).dtype == .f32)
  }

  /// The weights' casts are kept for one scope; after an update in place the next scope must see
  /// new ones.
  @Test func autocastSeesUpdatedWeights() {
    let image = Tensor.ones([1, 1, 1, 1])
    let weight = Tensor.ones([1, 1, 1, 1])
    weight.requiresGradient = true
    let run = { withAutocast(.bf16, on: .cpu) { image.conv2d(weight) }.item }
    #expect(run() == 1)
    weight.copy(from: Tensor.full([1, 1, 1, 1], 3))
    #expect(run() == 3)
  }
}
