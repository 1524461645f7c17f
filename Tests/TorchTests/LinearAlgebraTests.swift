import FunMatchTestSupport
import FunMatchTorch
import Testing

struct LinearAlgebraTests {
  @Test func eigenvaluesAscendBesideTheirVectors() {
    // Eigenvalues 1 and 3 with (1, -1) and (1, 1); 2 and 5 along the axes. What is above the diagonal
    // is not read.
    let matrices = Tensor([2.0, 99, 1, 2, 5, 99, 0, 2], shape: [2, 2, 2])
    let (values, vectors) = matrices.symmetricEigen()
    // Backward stable: right for a matrix that differs by a few ulps of its norm, at most 5.
    let rounding = 5 * 8 * Double.ulpOfOne
    #expect(maximumDifference(values, Tensor([1.0, 3, 2, 5], shape: [2, 2])) < rounding)
    let half = 0.5.squareRoot()
    let expected = Tensor([half, half, half, half, 0, 1, 1, 0], shape: [2, 2, 2])
    // Vectors move by that over the distance of the values, at least 2.
    #expect(maximumDifference(vectors.magnitude(), expected) < rounding / 2)
  }

  @Test(arguments: [DType.f64, .f32])
  func eigenvectorsPutTheMatricesTogetherAgain(dtype: DType) {
    let drawn = Torch.withSeed(3) { Tensor.randn([5, 40, 40], dtype: dtype) }
    let matrices = drawn + drawn.permuted([0, 2, 1])
    for part in [matrices, matrices.narrowed(0, 0..<1), matrices.narrowed(0, 2..<3)] {
      let (values, vectors) = part.symmetricEigen()
      let scaled = vectors * values.reshaped([-1, 1, 40])
      let again = scaled.matmul(vectors.permuted([0, 2, 1]))
      // Forty roundings for each value, on the way there and back.
      let ulp = dtype == .f64 ? Double.ulpOfOne : Double(Float.ulpOfOne)
      #expect(relativeDifference(again, expected: part) < 2 * 40 * ulp)
    }
    let single = matrices.narrowed(0, 1..<2).reshaped([40, 40]).symmetricEigen()
    #expect(single.values.shape == [40] && single.vectors.shape == [40, 40])
  }

  @Test func productsAreBlendedInPlace() {
    let target = Tensor([Float(1), 2, 3, 4], shape: [1, 2, 2])
    let a = Tensor([Float(1), 2], shape: [1, 2, 1])
    target.blend(keeping: 0.5, adding: 2, ofProduct: a, a.permuted([0, 2, 1]))
    #expect(target.array(as: Float.self) == [2.5, 5, 5.5, 10])
  }
}
