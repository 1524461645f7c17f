import FunMatchModels
import FunMatchNN
import FunMatchOptimizers
import FunMatchTorch
import Testing

/// What an optimizer is expected to keep is what it keeps.
struct StateBytesTests {
  @Test(
    arguments: [
      AdamConfiguration(), AdamConfiguration(firstMoment: .f32), AdamWConfiguration(),
      SGDConfiguration(), ShampooConfiguration(blockSize: 16),
      ShampooConfiguration(blockSize: 16, grafting: .sgd), ShampooConfiguration(blockSize: 24),
    ] as [any OptimizerConfiguration])
  func isThatOfTheRealOne(configuration: any OptimizerConfiguration) throws {
    let store = ParameterStore(.zeros)
    let shapes = [[40, 24, 3, 3], [48, 16], [17], [1], [1, 5], [33, 1, 5, 5]]
    let parameters = shapes.enumerated().map { number, shape in
      (store.root / number).parameter("weight", shape, .kernel, .zeros)
    }
    let state = configuration.make(parameters).state
    let bytes = state.reduce(0) { $0 + $1.tensor.count * $1.tensor.dtype.size }
    #expect(configuration.stateBytes(of: shapes) == bytes)
  }
}
