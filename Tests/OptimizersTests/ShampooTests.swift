import Foundation
import FunMatchNN
import FunMatchOptimizers
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Shampoo against `Scripts/golden/shampoo.py`, a NumPy implementation in double precision, and what
/// it promises by itself.
struct ShampooTests {
  /// `shampoo.json`.
  struct Settings: Decodable {
    var checkpoints: [Int]
    var variants: [String: ShampooConfiguration]
  }

  static let variants = [
    "adam", "adam_late", "adam_sum", "adam_whole", "none_late_nomomentum", "none_sum", "sgd",
    "sgd_sum_every3",
  ]

  private func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/" + name).path
  }

  private func settings() throws -> Settings {
    let data = try Data(contentsOf: URL(fileURLWithPath: fixture("shampoo.json")))
    return try JSONDecoder().decode(Settings.self, from: data)
  }

  private func arrays() throws -> [String: Tensor] {
    let values = try NpzFile(fixture("shampoo.npz")).readAll()
    return Dictionary(uniqueKeysWithValues: values.map { ($0.name, $0.tensor) })
  }

  /// The fixture's parameters at their initial values, or others.
  private func makeStore(
    _ arrays: [String: Tensor], values: [(name: String, tensor: Tensor)]? = nil
  ) throws -> ParameterStore {
    let store = ParameterStore()
    for name in ["bias", "conv", "gain", "head", "scale"] {
      let value = try #require(arrays["init/" + name])
      let kind: Parameter.Kind = ["conv", "head"].contains(name) ? .kernel : .vector
      store.root.parameter(name, value.shape, kind, .zeros).value.copy(from: value)
    }
    if let values { try store.load(values, from: "memory") }
    store.requireGradients()
    return store
  }

  /// Makes the fixture's update `step`, 0 being the first.
  private func update(
    _ store: ParameterStore, _ shampoo: Shampoo, _ arrays: [String: Tensor], _ step: Int
  ) throws -> UpdateNorms {
    for parameter in store.parameters {
      let gradients = try #require(arrays["grads/" + parameter.name])
      let gradient = gradients.narrowed(0, step..<step + 1).reshaped(parameter.value.shape)
      (parameter.value * gradient).sum().backward()
    }
    let multipliers = try #require(arrays["multipliers"]).array(as: Double.self)
    return try shampoo.update(multiplier: multipliers[step])
  }

  @Test func variantsAreTheFixtures() throws {
    #expect(try settings().variants.keys.sorted() == Self.variants)
  }

  @Test(arguments: variants)
  func updatesMatch(variant: String) throws {
    let settings = try settings()
    let arrays = try arrays()
    let configuration = try #require(settings.variants[variant])
    let norms = try #require(arrays["norms"]).array(as: Double.self)
    let store = try makeStore(arrays)
    let shampoo = Shampoo(store.parameters, configuration)
    var compared = 0
    for step in norms.indices {
      let before = store.parameters.map { $0.value.clone().detached() }
      let update = try update(store, shampoo, arrays, step)
      #expect(abs(update.gradient - norms[step]) < 1e-5 * norms[step])
      let change = zip(store.parameters, before).reduce(0) {
        $0 + ($1.0.value.detached() - $1.1).sumOfSquares
      }
      #expect(abs(update.update - change.squareRoot()) < 1e-4 * change.squareRoot())
      for parameter in store.parameters {
        let name = "\(variant)/\(step + 1)/\(parameter.name)"
        guard let expected = arrays[name] else { continue }
        compared += 1
        let difference = relativeDifference(parameter.value, expected: expected)
        #expect(difference < 1e-5, "\(name)")
      }
    }
    #expect(compared == settings.checkpoints.count * store.parameters.count)
  }

  @Test func rootsInSinglePrecisionAreClose() throws {
    let arrays = try arrays()
    var configuration = try #require(try settings().variants["adam"])
    configuration.rootPrecision = .f32
    let store = try makeStore(arrays)
    let shampoo = Shampoo(store.parameters, configuration)
    for step in 0..<20 { _ = try update(store, shampoo, arrays, step) }
    for parameter in store.parameters {
      let expected = try #require(arrays["adam/20/" + parameter.name])
      #expect(relativeDifference(parameter.value, expected: expected) < 1e-3, "\(parameter.name)")
    }
  }

  @Test(arguments: ["adam_late", "sgd_sum_every3"], [4, 7])
  func aSavedStateGoesOnBitForBit(variant: String, pause: Int) throws {
    let arrays = try arrays()
    let configuration = try #require(try settings().variants[variant])
    let whole = try makeStore(arrays)
    let shampoo = Shampoo(whole.parameters, configuration)
    for step in 0..<20 { _ = try update(whole, shampoo, arrays, step) }

    let first = try makeStore(arrays)
    let firstShampoo = Shampoo(first.parameters, configuration)
    for step in 0..<pause { _ = try update(first, firstShampoo, arrays, step) }
    let second = try makeStore(
      arrays, values: first.tensors.map { ($0.name, $0.tensor.detached()) })
    let secondShampoo = Shampoo(second.parameters, configuration)
    try secondShampoo.restore(firstShampoo.state, count: pause, from: "memory")
    for step in pause..<20 { _ = try update(second, secondShampoo, arrays, step) }
    for (a, b) in zip(whole.parameters, second.parameters) {
      #expect(a.value.bytes == b.value.bytes, "\(a.name)")
    }
    for (a, b) in zip(shampoo.state, secondShampoo.state) {
      #expect(a.name == b.name && a.tensor.bytes == b.tensor.bytes, "\(a.name)")
    }
  }

  @Test func aStateThatDoesNotFitIsRefused() throws {
    let arrays = try arrays()
    let store = try makeStore(arrays)
    let shampoo = Shampoo(store.parameters, ShampooConfiguration(blockSize: 4))
    let error = #expect(throws: TorchError.self) {
      try shampoo.restore(Array(shampoo.state.dropLast()), count: 3, from: "run/state")
    }
    #expect(error?.description == "run/state: the optimiser's roots.scale.1.0 is missing")
    let other = Shampoo(store.parameters, ShampooConfiguration(blockSize: 8))
    #expect(throws: TorchError.self) {
      try shampoo.restore(other.state, count: 3, from: "run/state")
    }
    #expect(shampoo.count == 0)
  }

  @Test func theStateIsWhatTheDocumentationSays() throws {
    let store = ParameterStore()
    _ = store.root.parameter("kernel", [8, 4, 2, 2], .kernel, .zeros)
    _ = store.root.parameter("bias", [10], .vector, .zeros)
    func state(_ configuration: ShampooConfiguration) -> [String: [Int]] {
      let state = Shampoo(store.parameters, configuration).state
      return Dictionary(uniqueKeysWithValues: state.map { ($0.name, $0.tensor.shape) })
    }
    let adam = state(ShampooConfiguration(blockSize: 4))
    #expect(
      adam == [
        "momentum.kernel": [8, 4, 2, 2], "momentum.bias": [10], "nu.kernel": [8, 4, 2, 2],
        "nu.bias": [10],
        "statistics.kernel.0.0": [8, 4, 4], "statistics.kernel.0.1": [8, 4, 4],
        "roots.kernel.0.0": [8, 4, 4], "roots.kernel.0.1": [8, 4, 4],
        "statistics.bias.0.0": [2, 4, 4], "roots.bias.0.0": [2, 4, 4],
        "statistics.bias.1.0": [1, 2, 2], "roots.bias.1.0": [1, 2, 2],
      ])
    // Where the block size divides both sides of a kernel: six values for each of its own.
    let counts = adam.filter { $0.key.contains("kernel") }.map { $0.value.reduce(1, *) }
    #expect(counts.reduce(0, +) == 6 * 128)
    let sgd = state(ShampooConfiguration(blockSize: 4, grafting: .sgd))
    #expect(sgd.count == adam.count - 2 && sgd["nu.kernel"] == nil)
  }

  @Test(arguments: ShampooConfiguration.Grafting.allCases)
  func withoutGradientsNothingMoves(grafting: ShampooConfiguration.Grafting) throws {
    let arrays = try arrays()
    let store = try makeStore(arrays)
    let before = store.tensors.map { $0.tensor.bytes }
    let shampoo = Shampoo(
      store.parameters,
      ShampooConfiguration(weightDecay: 0, blockSize: 4, startStep: 0, grafting: grafting))
    for _ in 0..<3 {
      let norms = try shampoo.update(multiplier: 1)
      #expect(norms.gradient == 0 && norms.update == 0)
    }
    #expect(store.tensors.map { $0.tensor.bytes } == before)
    // Nor does a zero statistic's root spoil what comes after it.
    _ = try update(store, shampoo, arrays, 0)
    for (name, tensor) in store.tensors { #expect(tensor.sumOfSquares.isFinite, "\(name)") }
  }

  @Test(arguments: [Float.nan, .infinity, 1e18])
  func aGradientOutOfRangeChangesNothing(value: Float) throws {
    let store = ParameterStore()
    let parameter = store.root.parameter("bias", [2], .vector, .ones)
    store.requireGradients()
    let shampoo = Shampoo(store.parameters, ShampooConfiguration(clipNorm: 0, startStep: 0))
    (parameter.value * Tensor([value, 1])).sum().backward()
    #expect(throws: TorchError.self) { try shampoo.update(multiplier: 1) }
    #expect(parameter.value.array(as: Float.self) == [1, 1] && shampoo.count == 0)
    for (name, tensor) in shampoo.state { #expect(tensor.sumOfSquares == 0, "\(name)") }
  }

  @Test func absentKeysHaveDefaults() throws {
    let json = Data(#"{"blockSize": 64, "grafting": "sgd"}"#.utf8)
    let configuration = try JSONDecoder().decode(ShampooConfiguration.self, from: json)
    #expect(configuration == ShampooConfiguration(blockSize: 64, grafting: .sgd))
  }

  /// Steps, at most 1000, until ½ ‖A (W − 1) B‖² is a ten-thousandth of what it was, with the best of
  /// some learning rates. A and B have condition 100.
  private func steps(
    _ learningRates: [Double], _ make: (ParameterStore, Double) -> any Optimizer
  ) throws -> Int {
    let size = 16
    func scale(_ shape: [Int]) -> Tensor {
      Tensor((0..<size).map { pow(100, -Double($0) / Double(size - 1)) }, shape: shape).to(.f32)
    }
    // A rotation keeps the axes of curvature away from those of the coordinates.
    let matrix = Torch.withSeed(4) { Tensor.randn([size, size]) }
    let rotation = (matrix + matrix.permuted([1, 0])).symmetricEigen().vectors
    let a = scale([size, 1]) * rotation
    let b = rotation * scale([1, size])
    return try learningRates.map { learningRate in
      let store = ParameterStore()
      let parameter = store.root.parameter("kernel", [size, size], .kernel, .zeros)
      store.requireGradients()
      let optimizer = make(store, learningRate)
      var first: Double?
      for step in 0..<1000 {
        let residual = a.matmul(parameter.value - 1).matmul(b)
        let loss = residual.squared().sum() * 0.5
        let start = first ?? loss.item
        first = start
        if loss.item < 1e-4 * start { return step }
        loss.backward()
        _ = try optimizer.update(multiplier: 1)
      }
      return 1000
    }.min() ?? 1000
  }

  @Test func illConditionedProblemsTakeFewerSteps() throws {
    let shampoo = try steps([0.1, 0.3, 1]) {
      Shampoo(
        $0.parameters,
        ShampooConfiguration(
          learningRate: $1, weightDecay: 0, clipNorm: 0, preconditionEvery: 1, startStep: 0))
    }
    let adam = try steps([0.003, 0.01, 0.03, 0.1, 0.3]) {
      Adam(
        $0.parameters,
        AdamConfiguration(learningRate: $1, weightDecay: 0, clipNorm: 0, firstMoment: .f32))
    }
    let sgd = try steps([0.03, 0.1, 0.3, 1]) {
      SGD($0.parameters, SGDConfiguration(learningRate: $1))
    }
    #expect(3 * shampoo < adam && 3 * shampoo < sgd, "\(shampoo), \(adam), \(sgd)")
  }
}
