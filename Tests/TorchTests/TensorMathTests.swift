import Foundation
import FunMatchTestSupport
import FunMatchTorch
import Testing

@Suite struct TensorMathTests {
  let a = Tensor([1, -2, 3, 4, 5, -6] as [Float], shape: [2, 3])

  private func values(_ tensor: Tensor) -> [Float] { tensor.array(as: Float.self) }

  @Test func arithmeticBroadcasts() {
    let row = Tensor([10, 20, 30] as [Float])
    let column = Tensor([100, 200] as [Float], shape: [2, 1])
    #expect(values(a + row) == [11, 18, 33, 14, 25, 24])
    #expect(values(a - column) == [-99, -102, -97, -196, -195, -206])
    #expect((row * column).shape == [2, 3])
    #expect(values(row * column) == [1000, 2000, 3000, 2000, 4000, 6000])
    #expect(values(column / row.narrowed(0, 0..<1)) == [10, 20])
    #expect(values(-a) == [-1, 2, -3, -4, -5, 6])
    #expect(values(a + 0.5) == [1.5, -1.5, 3.5, 4.5, 5.5, -5.5])
    #expect(values(a - 1) == [0, -3, 2, 3, 4, -7])
    #expect(values(2 * a) == values(a * 2))
    #expect(values(a * 2) == [2, -4, 6, 8, 10, -12])
    #expect(values(a.squared()) == [1, 4, 9, 16, 25, 36])
  }

  @Test func functions() {
    let x = Tensor([0.25, 1, 4])
    #expect(x.squareRoot().array(as: Double.self) == [0.5, 1, 2])
    // Functions are right to within an ulp, of e too; of log 4, 1.4, it is 1.4 times as much after exp.
    #expect(relativeDifference(x.log().exp(), expected: x) < 4 * .ulpOfOne)
    #expect(abs(Tensor([1.0]).exp().item / M_E - 1) < 2 * .ulpOfOne)
    #expect(values(a.magnitude()) == [1, 2, 3, 4, 5, 6])
    #expect(values(a.clamped(low: -1, high: 4)) == [1, -1, 3, 4, 4, -1])
    #expect(values(a.clamped(low: 0)) == [1, 0, 3, 4, 5, 0])
    #expect(values(a.relu()) == [1, 0, 3, 4, 5, 0])
    #expect(values(Tensor.maximum(a, Tensor([2] as [Float]))) == [2, 2, 3, 4, 5, 2])
    #expect(a.equal(a.permuted([0, 1])).array(as: Bool.self) == [Bool](repeating: true, count: 6))
    #expect(a.equal(Tensor([3] as [Float])).sum().item == 1)
    let odd = Tensor([1, .nan, .infinity, -.infinity] as [Float])
    #expect(odd.isFinite.array(as: Bool.self) == [true, false, false, false])
  }

  @Test func reductions() {
    #expect(a.sum().item == 5 && a.sum().shape == [])
    #expect(values(a.sum([0])) == [5, 3, -3])
    #expect(values(a.sum([1], keepingDimensions: true)) == [2, 3])
    #expect(a.sum([1], keepingDimensions: true).shape == [2, 1])
    #expect(a.sum([0, 1]).item == 5)
    #expect(values(a.mean([0])) == [2.5, 1.5, -1.5])
    #expect(abs(a.mean().item - 5.0 / 6) < 1e-7)
    #expect(Tensor.full([], 3).sum().item == 3 && Tensor.full([], 3).mean().item == 3)
    #expect(a.sumOfSquares == 91)
    // Summed in double: every step would be lost in single precision.
    let many = Tensor.full([1 << 20], 1.0 / 1024)
    #expect(many.sumOfSquares == 1)
    #expect(Tensor.ones([3, 5], dtype: .bf16).sumOfSquares == 15)
    #expect(a.permuted([1, 0]).sumOfSquares == 91)
  }

  @Test(arguments: [DType.f32, .f64, .bf16, .f16, .i64])
  func argmaxTakesTheLowestOfEquals(dtype: DType) {
    for count in [1, 2, 7, 16, 100, 1000, 5000] {
      for first in [0, count / 3, count - 1] {
        // From `first` on every third value is the largest.
        let row = (0..<count).map { Float($0 >= first && ($0 - first) % 3 == 0 ? 2 : -1) }
        let tensor = Tensor(row + row, shape: [2, count]).to(dtype)
        #expect(tensor.argmax().array(as: Int64.self) == [Int64(first), Int64(first)])
        #expect(tensor.permuted([1, 0]).argmax(0).array(as: Int64.self)[1] == Int64(first))
      }
    }
    #expect(Tensor.zeros([5000], dtype: dtype).argmax().item == 0)
  }

  @Test func sortingIsStable() {
    let tensor = Tensor([1, 3, 2, 3, 1, 3] as [Float])
    #expect(tensor.sortedIndicesDescending().array(as: Int64.self) == [1, 3, 5, 2, 0, 4])
    let equal = Tensor.zeros([2000]).sortedIndicesDescending().array(as: Int64.self)
    #expect(equal == (0..<2000).map { Int64($0) })
  }

  @Test func softmaxAgainstALoop() {
    let logits: [Double] = [1, 2, 3, -1, 0, 1000]
    let tensor = Tensor(logits, shape: [2, 3])
    var expected: [Double] = []
    for row in [logits[..<3], logits[3...]] {
      let top = row.max() ?? 0
      let powers = row.map { exp($0 - top) }
      expected += powers.map { $0 / powers.reduce(0, +) }
    }
    // A power, two sums and a quotient on either side, of values below 1. A logarithm of -3 has an
    // error of two ulps, its power that of a few.
    let rounding = 8 * Double.ulpOfOne
    #expect(maximumDifference(tensor.softmax(), Tensor(expected, shape: [2, 3])) < rounding)
    #expect(maximumDifference(tensor.logSoftmax().exp(), tensor.softmax()) < rounding)
    #expect(tensor.logSoftmax().array(as: Double.self)[3] == -1001)
    #expect(maximumDifference(tensor.softmax(0).sum([0]), .ones([3], dtype: .f64)) < rounding)
  }

  @Test func products() {
    let b = Tensor([1, 0, 2, 1, 0, 3] as [Float], shape: [3, 2])
    #expect(values(a.matmul(b)) == [-3, 7, 14, -13])
    let weight = Tensor([1, 2, 0, 1, 0, 3] as [Float], shape: [2, 3])
    // (2, 3) · (2, 3)ᵀ + bias
    let linear = a.linear(weight, bias: Tensor([10, 20] as [Float]))
    #expect(values(linear) == [7, 30, 24, 6])
    #expect(values(a.linear(weight)) == [-3, 10, 14, -14])
  }

  @Test func convolutionAgainstHandSums() {
    let image = Tensor((0..<9).map { Float($0) }, shape: [1, 1, 3, 3])
    let kernel = Tensor([1, 2, 3, 4] as [Float], shape: [1, 1, 2, 2])
    // Cross-correlation: 1·x(0,0) + 2·x(0,1) + 3·x(1,0) + 4·x(1,1)
    #expect(values(image.conv2d(kernel)) == [27, 37, 57, 67])
    let strided = image.conv2d(kernel, bias: Tensor([100] as [Float]), stride: 2, padding: 1)
    #expect(strided.shape == [1, 1, 2, 2])
    #expect(values(strided) == [100, 111, 130, 167])
    let two = Tensor.concatenated([image, image + 1], 1)
    let grouped = two.conv2d(Tensor.concatenated([kernel, kernel * 2]), groups: 2)
    #expect(values(grouped) == [27, 37, 57, 67, 74, 94, 134, 154])
    #expect(values(image.channelsLast.conv2d(kernel)) == [27, 37, 57, 67])
  }

  @Test func poolingPadsWithMinusInfinity() {
    let image = Tensor((0..<9).map { Float($0 - 9) }, shape: [1, 1, 3, 3])
    #expect(values(image.maxPool2d(kernel: 3, stride: 2, padding: 1)) == [-5, -4, -2, -1])
  }

  @Test func normalisationHasNoMeanAndUnitVariance() {
    let x = Fixture.tensor([2, 4, 3, 3]) + 3
    let group = x.groupNorm(2, weight: .ones([4]), bias: .zeros([4]), epsilon: 0)
    let groups = group.reshaped([4, 18])
    // Each mean has eighteen roundings, of values around 1 and of their squares.
    let rounding = 18 * Double(Float.ulpOfOne)
    #expect(maximumDifference(groups.mean([1]), .zeros([4])) < rounding)
    #expect(maximumDifference(groups.squared().mean([1]), .ones([4])) < 2 * rounding)
    let kernel = x.asKernel(standardizedWith: 0, .f32).reshaped([2, 36])
    #expect(maximumDifference(kernel.mean([1]), .zeros([2])) < 2 * rounding)
    #expect(maximumDifference(kernel.squared().mean([1]), .ones([2])) < 4 * rounding)
  }
}
