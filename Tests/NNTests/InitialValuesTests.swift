import FunMatchNN
import FunMatchTestSupport
import FunMatchTorch
import Testing

struct InitialValuesTests {
  private func store(_ values: InitialValues) -> ParameterStore {
    let store = ParameterStore(values)
    let convolution = Conv2d(store.root / "conv", 3, 8, kernel: 3, bias: true)
    _ = BatchNorm2d(store.root / "norm", 8, after: convolution)
    return store
  }

  @Test func parametersAreDrawnOrZeroAndBuffersAsEvaluationNeedsThem() throws {
    for (values, isZero) in [(InitialValues.drawn, false), (.zeros, true)] {
      let store = store(values)
      for name in ["conv.weight", "norm.weight"] {
        #expect((try #require(store[name]).value.sumOfSquares == 0) == isZero)
      }
      let variance = try #require(store["norm.running_var"]).value
      #expect(maximumDifference(variance, .ones([8])) == 0)
    }
  }

  @Test func shapesAloneTakeNoMemory() {
    let shapes = store(.none)
    #expect(shapes.valueCount == store(.zeros).valueCount)
    #expect(shapes.all.map(\.name) == store(.zeros).all.map(\.name))
    #expect(shapes.all.map(\.value.shape) == store(.zeros).all.map(\.value.shape))
    // 4 TB in single precision.
    let large = ParameterStore(.none)
    _ = Linear(large.root, 1 << 20, 1 << 20)
    #expect(large.valueCount == (1 << 40) + (1 << 20))
  }
}
