import FunMatchDistillation
import FunMatchModels
import FunMatchOptimizers
import FunMatchTestSupport
import FunMatchTorch
import FunMatchViews
import Testing

/// Eight whole steps of the official trainer (golden README, part 5).
struct GoldenStepTests {
  /// Plays back the λ of the fixture in place of drawn ones.
  private func network(_ json: [String: Any], _ key: String, _ file: String) throws -> any Model {
    let shape = try #require(json[key] as? [String: Any])
    let spec = BiTSpec(
      depth: try #require(shape["depth"] as? [Int]), width: try #require(shape["width"] as? Double),
      classes: try #require(json["num_classes"] as? Int))
    return try WeightImport(path: Golden.path(file), spec: .bit(spec)).file.model
  }

  @Test(arguments: ["main", "bf16mu", "zerohead"])
  func eightStepsMatch(variant: String) throws {
    let json = try Golden.json("e2e_config.json")
    let arrays = try Golden.npz("e2e.npz")
    func array(_ name: String) throws -> Tensor { try #require(arrays[name], "\(name)") }
    let options = try #require(json["optimiser"] as? [String: Any])
    func number(_ key: String) throws -> Double { try #require(options[key] as? Double) }
    let temperature = try #require(json["t"] as? Double)
    #expect(json["distance"] as? String == "kl")

    let student = try network(json, "student", "e2e_student_init.npz")
    if variant == "zerohead" {
      for name in ["head.fc.weight", "head.fc.bias"] {
        let parameter = try #require(student.store[name])
        parameter.value.copy(from: .zeros(parameter.value.shape))
      }
    }
    let pixels = try array("images_u8")
    let (steps, count, size) = (pixels.shape[0], pixels.shape[1], pixels.shape[2])
    let teacher = Teacher(
      try network(json, "teacher", "e2e_teacher.npz"), resolution: size, precision: .f32,
      device: .cpu)
    let probe = Batch.scaled(try array("probe_u8"))
    #expect(maximumDifference(teacher(probe), try array("probe_teacher_logits")) <= 2e-4)

    student.store.requireGradients()
    let adam = Adam(
      student.store.parameters,
      AdamConfiguration(
        learningRate: try number("lr"), weightDecay: try number("wd"),
        clipNorm: try number("grad_clip_norm"), beta1: try number("b1"), beta2: try number("b2"),
        epsilon: try number("eps"), firstMoment: variant == "bf16mu" ? .bf16 : .f32))
    let lambdas = try array("lam").array(as: Double.self)
    let learner = Learner(
      student, objective: .distance(.kl(temperature: temperature)), optimizer: adam,
      schedule: Schedule(
        totalSteps: Int(try number("total_steps")), warmupSteps: Int(try number("warmup_steps"))),
      precision: .f32)
    let step = DistillationStep(
      LiveTeacherLogits([teacher]), lambda: { lambdas[$0] }, resolution: size, device: .cpu)

    let losses = try array(variant + "/loss").array(as: Double.self)
    let norms = try array(variant + "/grad_norm").array(as: Double.self)
    let sizes = try array(variant + "/param_norm_after").array(as: Double.self)
    let updates = try array(variant + "/update_norm").array(as: Double.self)
    let multipliers = try array("lr_multiplier").array(as: Double.self)
    let tolerances = [1e-5, 1e-5, 5e-5, 3e-4, 5e-3, 5e-3, 5e-3, 5e-3]
    for index in 0..<steps {
      let images = pixels.narrowed(0, index..<index + 1).array(as: UInt8.self)
      let batch = ImageBatch(
        student: [size: Pixels(images, count: count, size: size)], indices: Array(0..<count),
        labels: Array(repeating: nil, count: count))
      if index == 0 {
        let mixed = Batch(batch, lambda: lambdas[0], device: .cpu).student[size]
        let expected = try array("step0_mixed_image").permuted([0, 3, 1, 2])
        #expect(maximumDifference(try #require(mixed), expected) < 1e-6)
      }
      let result = try step(batch, step: index, learner)
      let tolerance = tolerances[min(index, tolerances.count - 1)]
      #expect(abs(result.loss - losses[index]) <= tolerance * abs(losses[index]), "step \(index)")
      #expect(abs(result.norms.gradient - norms[index]) <= tolerance * norms[index])
      #expect(abs(result.norms.parameters - sizes[index]) <= 1e-4 * sizes[index])
      #expect(
        abs(result.norms.update - updates[index]) <= max(10 * tolerance, 1e-4) * updates[index]
          + 1e-12)
      #expect(abs(result.multiplier - multipliers[index]) < 1e-6)
    }
    let trained = try network(json, "student", "e2e_student_final.npz")
    if variant == "main" {
      for (ours, theirs) in zip(student.store.parameters, trained.store.parameters) {
        #expect(maximumDifference(ours.value, theirs.value) <= 5e-3, "\(ours.name)")
      }
    }
    let logits = withInference { student(probe, .evaluation(.f32)) }
    let expected = try array(variant + "/probe_student_logits_final")
    #expect(maximumDifference(logits, expected) <= 0.05)
    #expect(correlation(logits.array(), expected.array()) > 0.999)
  }

  private func correlation(_ a: [Double], _ b: [Double]) -> Double {
    func centred(_ x: [Double]) -> [Double] {
      let mean = x.reduce(0, +) / Double(x.count)
      return x.map { $0 - mean }
    }
    func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
    let (x, y) = (centred(a), centred(b))
    return dot(x, y) / (dot(x, x) * dot(y, y)).squareRoot()
  }
}
