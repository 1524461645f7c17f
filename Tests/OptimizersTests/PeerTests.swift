import Foundation
import FunMatchNN
import FunMatchOptimizers
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Optimisers against PyTorch's and schedules against the official function, as
/// `Scripts/golden/optimizers.py` ran them.
struct PeerTests {
  private let arrays: [String: Tensor]

  init() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/optimizers.npz").path
    arrays = Dictionary(
      uniqueKeysWithValues: try NpzFile(path).readAll().map { ($0.name, $0.tensor) })
  }

  private func array(_ name: String) throws -> Tensor { try #require(arrays[name]) }

  private func makeStore() throws -> ParameterStore {
    let store = ParameterStore()
    for (name, kind) in [("kernel", Parameter.Kind.kernel), ("bias", .vector)] {
      let start = try array("start/" + name)
      store.root.parameter(name, start.shape, kind, .zeros).value.copy(from: start)
    }
    store.requireGradients()
    return store
  }

  private func optimizer(_ name: String, _ store: ParameterStore) -> any Optimizer {
    switch name {
    case "adamW":
      var settings = AdamWConfiguration()
      (settings.adam.learningRate, settings.adam.weightDecay) = (0.05, 0.1)
      return settings.make(store.parameters)
    default:
      return SGD(
        store.parameters,
        SGDConfiguration(learningRate: 0.05, momentum: 0.9, nesterov: name == "nesterov"))
    }
  }

  private func update(
    _ optimizer: any Optimizer, _ store: ParameterStore, step: Int
  ) throws -> UpdateNorms {
    for parameter in store.parameters {
      let gradient = try array("gradients/" + parameter.name).narrowed(0, step..<step + 1)
        .reshaped(parameter.value.shape)
      (parameter.value * gradient).sum().backward()
    }
    let multipliers = try array("multipliers").array(as: Double.self)
    return try optimizer.update(multiplier: multipliers[step])
  }

  @Test(arguments: ["sgd", "nesterov", "adamW"])
  func thirtyUpdatesArePyTorchs(name: String) throws {
    let store = try makeStore()
    let optimizer = optimizer(name, store)
    for step in 0..<30 {
      let before = store.parameters.map { $0.value.clone().detached() }
      let norms = try update(optimizer, store, step: step)
      let moved = zip(store.parameters, before).reduce(0) { $0 + ($1.0.value - $1.1).sumOfSquares }
      #expect(abs(norms.update - moved.squareRoot()) < 1e-5)
      let size = store.parameters.reduce(0) { $0 + $1.value.sumOfSquares }.squareRoot()
      #expect(abs(norms.parameters - size) < 1e-5 * size)
      #expect(store.parameters.allSatisfy { $0.value.gradient == nil })
    }
    #expect(optimizer.count == 30)
    // Adam's bias corrections are in single precision, as the official ones are.
    let tolerance = name == "adamW" ? 5e-5 : 2e-6
    for parameter in store.parameters {
      let difference = maximumDifference(
        parameter.value, try array("\(name)/\(parameter.name)"))
      #expect(difference < tolerance)
    }
  }

  @Test(arguments: ["sgd", "nesterov", "adamW"])
  func aRestoredOneGoesOnBitForBit(name: String) throws {
    let store = try makeStore()
    let whole = optimizer(name, store)
    for step in 0..<20 { _ = try update(whole, store, step: step) }
    let other = try makeStore()
    let first = optimizer(name, other)
    for step in 0..<10 { _ = try update(first, other, step: step) }
    let second = optimizer(name, other)
    let saved = first.state.map { (name: $0.name, tensor: $0.tensor.clone()) }
    try second.restore(saved, count: first.count, from: "memory")
    for step in 10..<20 { _ = try update(second, other, step: step) }
    for (a, b) in zip(store.parameters, other.parameters) {
      #expect(a.value.bytes == b.value.bytes)
    }
    let error = #expect(throws: TorchError.self) {
      try second.restore(Array(saved.dropLast()), count: 1, from: "memory")
    }
    #expect(error?.description.contains("memory") == true)
  }

  /// w ← w − multiplier · (rate · m + decay · w), kernels only, the gradient clipped before.
  @Test func sgdDecaysAndClipsAsTheOfficialChainDoes() throws {
    let store = try makeStore()
    let sgd = SGD(
      store.parameters,
      SGDConfiguration(learningRate: 0.1, momentum: 0, weightDecay: 0.01, clipNorm: 0.5))
    let norms = try update(sgd, store, step: 0)
    #expect(norms.gradient > 0.5)
    let multiplier = try array("multipliers").array(as: Double.self)[0]
    for parameter in store.parameters {
      let start = try array("start/" + parameter.name)
      let gradient = try array("gradients/" + parameter.name).narrowed(0, 0..<1)
        .reshaped(start.shape)
      let decay = parameter.name == "kernel" ? 0.01 : 0
      let wanted = start - (gradient * (0.5 / norms.gradient) * 0.1 + start * decay) * multiplier
      #expect(maximumDifference(parameter.value, wanted) < 1e-6)
    }
  }

  @Test(arguments: ["sgd", "adamW"])
  func aGradientThatIsNotFiniteChangesNothing(name: String) throws {
    let store = try makeStore()
    let optimizer = optimizer(name, store)
    (store.parameters[0].value * Double.infinity).sum().backward()
    #expect(throws: TorchError.self) { try optimizer.update(multiplier: 1) }
    #expect(maximumDifference(store.parameters[0].value, try array("start/kernel")) == 0)
    #expect(optimizer.count == 0)
  }

  @Test func schedulesAreTheOfficialOnes() throws {
    let schedules = [
      "cosine": Schedule(totalSteps: 200, warmupSteps: 20, decay: .cosine),
      "cosine-cooldown": Schedule(
        totalSteps: 200, warmupSteps: 20, cooldownSteps: 30, decay: .cosine),
      // 3 epochs of 60 images, 8 a step: 22.5 steps, rounded to even.
      "linear": Schedule(totalSteps: 200, warmupSteps: 22, decay: .linear),
      "constant-cooldown": Schedule(
        totalSteps: 200, warmupSteps: 20, cooldownSteps: 40, decay: .constant),
      "stair": Schedule(
        totalSteps: 200, warmupSteps: 10, decay: .step(at: [60, 120, 180], factor: 0.1)),
    ]
    for (name, schedule) in schedules {
      let wanted = try array("schedule/" + name).array(as: Double.self)
      for (step, multiplier) in wanted.enumerated() {
        #expect(abs(schedule(step) - multiplier) < 1e-6, "\(name), step \(step)")
      }
    }
  }
}
