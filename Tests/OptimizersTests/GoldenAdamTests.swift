import FunMatchNN
import FunMatchOptimizers
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Forty updates of the official optimiser chain (golden README, part 4).
struct GoldenAdamTests {
  private func number(_ json: [String: Any], _ key: String) throws -> Double {
    try #require(json[key] as? Double)
  }

  private func schedule(_ json: [String: Any]) throws -> Schedule {
    #expect(json["decay_type"] as? String == "cosine")
    return Schedule(
      totalSteps: Int(try number(json, "total_steps")),
      warmupSteps: Int(try number(json, "warmup_steps")), decay: .cosine)
  }

  @Test func scheduleMultipliesAsOptax() throws {
    let schedule = try schedule(Golden.json("optim_config.json"))
    let expected = try #require(Golden.npz("optim.npz")["lr_multiplier"]).array(as: Double.self)
    for (step, multiplier) in expected.enumerated() {
      #expect(abs(schedule(step) - multiplier) < 1e-6)
    }
    #expect(schedule(0) == 0)
  }

  @Test(arguments: [("f32", 5e-6), ("bf16", 1e-3)])
  func updatesMatch(variant: String, tolerance: Double) throws {
    let json = try Golden.json("optim_config.json")
    let arrays = try Golden.npz("optim.npz")
    let names = arrays.keys.filter { $0.hasPrefix("init/") }.map { String($0.dropFirst(5)) }
      .sorted()
    try #require(!names.isEmpty)
    let store = ParameterStore()
    for name in names {
      let value = try #require(arrays["init/" + name])
      let kind: Parameter.Kind = name.hasSuffix("/kernel") ? .kernel : .vector
      store.root.parameter(name, value.shape, kind, .zeros).value.copy(from: value)
    }
    store.requireGradients()
    let adam = Adam(
      store.parameters,
      AdamConfiguration(
        learningRate: try number(json, "lr"), weightDecay: try number(json, "wd"),
        clipNorm: try number(json, "grad_clip_norm"), beta1: try number(json, "b1"),
        beta2: try number(json, "b2"), epsilon: try number(json, "eps"),
        firstMoment: variant == "f32" ? .f32 : .bf16))
    let schedule = try schedule(json)
    var compared = 0
    let norms = try #require(arrays["grad_global_norm"]).array(as: Double.self)
    for step in 0..<schedule.totalSteps {
      for parameter in store.parameters {
        let gradients = try #require(arrays["grads/" + parameter.name])
        let gradient = gradients.narrowed(0, step..<step + 1).reshaped(parameter.value.shape)
        (parameter.value * gradient).sum().backward()
      }
      let before = store.parameters.map { $0.value.clone().detached() }
      let update = try adam.update(multiplier: schedule(step))
      #expect(abs(update.gradient - norms[step]) < 1e-5 * norms[step])
      let squares = zip(store.parameters, before).reduce((0.0, 0.0)) {
        let change = $1.0.value.detached() - $1.1
        return ($0.0 + $1.0.value.sumOfSquares, $0.1 + change.sumOfSquares)
      }
      #expect(abs(update.parameters - squares.0.squareRoot()) < 1e-5 * squares.0.squareRoot())
      #expect(abs(update.update - squares.1.squareRoot()) < 1e-4 * squares.1.squareRoot() + 1e-7)
      for parameter in store.parameters {
        let variants = variant == "f32" ? ["f32"] : ["bf16", "bf16_nojit"]
        let distances = variants.compactMap { arrays["\($0)/step\(step + 1)/" + parameter.name] }
          .map { maximumDifference(parameter.value, $0) }
        guard let nearest = distances.min() else { continue }
        compared += 1
        #expect(nearest <= tolerance, "\(parameter.name) after step \(step + 1)")
      }
    }
    // Five checkpoints of every parameter.
    #expect(compared == 5 * names.count)
  }

  @Test func aSavedStateGoesOnBitForBit() throws {
    func make() -> (ParameterStore, Adam) {
      let store = ParameterStore()
      _ = Torch.withSeed(9) {
        store.root.parameter("kernel", [4, 3, 3, 3], .kernel, .lecunNormal)
      }
      _ = store.root.parameter("bias", [4], .vector, .ones)
      store.requireGradients()
      return (store, Adam(store.parameters, AdamConfiguration(weightDecay: 0.01)))
    }
    func step(_ store: ParameterStore, _ adam: Adam, _ index: Int) throws {
      for parameter in store.parameters {
        (parameter.value.squared() * Double(index + 1)).sum().backward()
      }
      _ = try adam.update(multiplier: 1)
    }
    let (whole, adam) = make()
    for index in 0..<6 { try step(whole, adam, index) }

    let (first, firstAdam) = make()
    for index in 0..<3 { try step(first, firstAdam, index) }
    let (second, secondAdam) = make()
    try second.load(first.tensors.map { ($0.name, $0.tensor.detached()) }, from: "memory")
    try secondAdam.restore(firstAdam.state, count: firstAdam.count, from: "memory")
    for index in 3..<6 { try step(second, secondAdam, index) }
    for (a, b) in zip(whole.parameters, second.parameters) {
      #expect(a.value.array(as: Float.self) == b.value.array(as: Float.self))
    }
    #expect(throws: TorchError.self) {
      try secondAdam.restore(Array(firstAdam.state.dropLast()), count: 3, from: "memory")
    }
  }

  @Test func clippingLeavesShortGradientsAlone() throws {
    let store = ParameterStore()
    let parameter = store.root.parameter("bias", [2], .vector, .zeros)
    store.requireGradients()
    let adam = Adam(
      store.parameters,
      AdamConfiguration(learningRate: 1, clipNorm: 0, epsilon: 1, firstMoment: .f32))
    (parameter.value * Tensor([Float(3), 4])).sum().backward()
    // With ε = 1 the first update is g / (|g| + 1), which shows that nothing was clipped.
    #expect(try adam.update(multiplier: 1).gradient == 5)
    #expect(
      maximumDifference(parameter.value, Tensor([Float(-0.75), -0.8])) < 1e-5)
  }

  @Test func aGradientThatIsNotFiniteChangesNothing() throws {
    let store = ParameterStore()
    let parameter = store.root.parameter("bias", [2], .vector, .ones)
    store.requireGradients()
    let adam = Adam(store.parameters, AdamConfiguration())
    (parameter.value * Tensor([Float.nan, 1])).sum().backward()
    #expect(throws: TorchError.self) { try adam.update(multiplier: 1) }
    #expect(parameter.value.array(as: Float.self) == [1, 1] && adam.count == 0)
  }
}
