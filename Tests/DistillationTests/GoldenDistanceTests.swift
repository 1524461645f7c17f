import FunMatchDistillation
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Distances and their gradients (golden README, part 3).
struct GoldenDistanceTests {
  private func distance(_ json: [String: Any]) throws -> Distance {
    switch try #require(json["kind"] as? String) {
    case "kl": return .kl(temperature: try #require(json["t"] as? Double))
    case "euclidean": return .euclidean
    case "l2": return .l2
    case "hard": return .hard(labelSmoothing: json["ls"] as? Double ?? 0)
    case "logsoftmax_euclidean": return .logSoftmaxEuclidean
    case let kind: throw TorchError("loss_config.json has a kind that is not known: \(kind)")
    }
  }

  @Test func valuesAndGradientsMatch() throws {
    let arrays = try Golden.npz("loss.npz")
    let kinds = try #require(Golden.json("loss_config.json")["kinds"] as? [String: [String: Any]])
    try #require(!kinds.isEmpty)
    let teacher = try #require(arrays["teacher"])
    for (name, json) in kinds {
      let student = try #require(arrays["student"]).clone()
      student.requiresGradient = true
      let values = try distance(json)(student: student, teacher: teacher)
      let expected = try #require(arrays["dist_" + name])
      #expect(relativeDifference(values.detached(), expected: expected) <= 1e-5, "\(name)")
      let gradient = values.mean().gradients(of: [student])[0]
      let slope = try #require(arrays["grad_mean_" + name])
      #expect(relativeDifference(gradient, expected: slope) <= 1e-5, "gradient of \(name)")
    }
  }

  @Test(arguments: [1, 5])
  func agreementIsExact(k: Int) throws {
    let arrays = try Golden.npz("loss.npz")
    let agreed = agreement(
      student: try #require(arrays["student"]), teacher: try #require(arrays["teacher"]), k: k)
    #expect(
      agreed.map { $0 ? 1 : 0 } == (try #require(arrays["dist_agree_k\(k)"])).array(as: Int32.self))
  }

  /// The factor T² that keeps gradients of the same size whatever T is, and that some
  /// implementations drop.
  @Test func temperatureIsSquaredInFront() {
    let (student, teacher) = Torch.withSeed(1) { (Tensor.randn([4, 10]), Tensor.randn([4, 10])) }
    for temperature in [2.0, 5] {
      let scaled = Distance.kl(temperature: 1)(
        student: student * (1 / temperature), teacher: teacher * (1 / temperature))
      let whole = Distance.kl(temperature: temperature)(student: student, teacher: teacher)
      #expect(relativeDifference(whole, expected: scaled * (temperature * temperature)) < 1e-5)
    }
  }
}
