import ArgumentParser
import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchFrozen
import FunMatchImages
import FunMatchModels
import FunMatchOptimizers
import FunMatchRecipes
import FunMatchRuns
import FunMatchSettings
import FunMatchTorch
import FunMatchViews

/// `funmatch bench step`: one function-matching update, on images made up.
struct BenchStep: RegistryCommand {
  static let configuration = CommandConfiguration(
    commandName: "step", abstract: "Measure a funmatch step: teacher, student, optimiser.")

  @Option(help: "The teacher: a name or a spec in YAML.")
  var teacher = "bit-r152x2"

  @Option(help: "The student: a name or a spec in YAML.")
  var student = "bit-r50x1"

  @Option(help: "Input size of both in pixels.")
  var resolution = 128

  @Option(help: "Images a step.")
  var batchSize = 16

  @Option(help: "Number of classes.")
  var classes = 1000

  @Option(help: "Steps that are measured, after two that are not.")
  var steps = 5

  @Option(
    help: "What convolutions compute in: f32, bf16, or auto: measured first, as a run does.")
  var precision = Precision.auto

  @Option(help: "The same for the teacher alone, or int8.")
  var teacherPrecision: Precision?

  @Flag(help: "Write one JSON object as the last line.")
  var json = false

  @OptionGroup var engine: EngineOptions

  @OptionGroup var place: DeviceOptions

  func validate() throws {
    guard (1...EvaluationPreprocessing.largestSide).contains(resolution),
      (1...4096).contains(batchSize),
      (1...1_000_000).contains(classes), (1...100_000).contains(steps)
    else {
      throw ValidationError("a size or the number of steps is out of range")
    }
    guard precision.trains else {
      throw ValidationError(
        "--precision \(precision) is for teachers alone: --teacher-precision \(precision)")
    }
  }

  private struct Result: Encodable {
    let imagesPerSecond: Double
    let secondsPerStep: Double
    let teacherSeconds: Double
    let studentSeconds: Double
    let optimizerSeconds: Double
    let threads: Int
    let device: String
    let engine: Engine
    let teacherPrecision: Precision
    let studentPrecision: Precision
  }

  func run(_ registry: Registry) throws {
    let device = try place.resolve()
    let timer = EngineTimer(
      device: device, resolution: resolution, count: batchSize, limit: .seconds(60))
    let (frozen, way) = try frozenTeacher(timer, device, registry)
    let spec = try spec(student, registry)
    let studentPrecision = try precision == .auto ? timer.student(spec).way.precision : precision
    let network = try built(spec, seed: 2)
    network.store.move(to: device)
    network.store.requireGradients()
    let learner = Learner(
      network, objective: .distance(.kl(temperature: 1)),
      optimizer: Adam(network.store.parameters, AdamConfiguration()),
      schedule: Schedule(totalSteps: 1_000_000, warmupSteps: 0),
      precision: studentPrecision.dtype ?? .f32)
    var step = DistillationStep(
      LiveTeacherLogits([
        Teacher(
          frozen.network, resolution: resolution, precision: way.precision.dtype ?? .f32,
          device: device)
      ]),
      lambda: Mixup(1, seed: 0).lambda(step:), resolution: resolution, device: device)
    for index in 0..<2 { try step(views(index), step: index, learner) }

    // Medians of the parts, since other programs may use the machine.
    var parts: [String: [Double]] = [:]
    var whole: [Double] = []
    for index in 0..<steps {
      let views = views(2 + index)
      let stopwatch = Stopwatch(device)
      step.stopwatch = stopwatch
      let start = ContinuousClock.now
      try step(views, step: 2 + index, learner)
      whole.append(start.duration(to: .now).seconds)
      for (part, seconds) in stopwatch.seconds { parts[part, default: []].append(seconds) }
    }
    func median(_ values: [Double]?) -> Double {
      let sorted = (values ?? [0]).sorted()
      return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
    let seconds = median(whole)
    let result = Result(
      imagesPerSecond: Double(batchSize) / seconds, secondsPerStep: seconds,
      teacherSeconds: median(parts["teacher"]), studentSeconds: median(parts["student"]),
      optimizerSeconds: median(parts["optimizer"]), threads: Torch.threads,
      device: device.description, engine: frozen.engine,
      teacherPrecision: way.precision, studentPrecision: studentPrecision)
    print(
      String(
        format: "%.2f images/s; a step takes %.3f s: teacher %.3f, student %.3f, optimiser %.3f",
        result.imagesPerSecond, seconds, result.teacherSeconds, result.studentSeconds,
        result.optimizerSeconds))
    if json {
      print(try JSONText.line(result))
    }
  }

  /// The teacher, in the way that was asked for or is fastest.
  private func frozenTeacher(
    _ timer: EngineTimer, _ device: Device, _ registry: Registry
  ) throws -> (Frozen, Computation) {
    let spec = try spec(teacher, registry)
    let precision = teacherPrecision ?? precision
    var way = Computation(engine: engine.engine, precision: precision)
    if precision == .auto {
      let ways = EngineTimer.ways(way.engine, on: device)
      way = try timer.teacher(ways, named: JSONText.line(spec)) {
        try frozen(spec, $0, $1, device).network
      }
      .way
    }
    return (try frozen(spec, way, batchSize, device), way)
  }

  private func frozen(
    _ spec: ModelSpec, _ way: Computation, _ batchSize: Int, _ device: Device
  ) throws -> Frozen {
    if way.precision == .int8 {
      if let reason = Int8Network.reason(way.engine, device) { throw RecipeError(reason) }
      // Calibrated on images that are made up, so nothing is said of how near it is to float.
      let images = Batch(views(1000, count: max(256, batchSize)), lambda: 1, device: device)
      guard let views = images.teacher[resolution] else { throw RecipeError("no views") }
      let network = try Int8Network(
        { try built(spec, seed: 1) }, views: views, batchSize: batchSize,
        timesBF16: true, with: OpenVINO.found.get())
      return Frozen(network: network.network, engine: .openvino)
    }
    return try way.engine.freeze(
      built(spec, seed: 1), height: resolution, width: resolution,
      precision: way.precision.dtype ?? .f32, batchSize: batchSize, device: device)
  }

  private func views(_ step: Int, count: Int? = nil) -> ImageBatch {
    let count = count ?? batchSize
    var random = Philox(seed: UInt64(step), 0, 0, 0)
    let pixels = (0..<count * resolution * resolution * 3).map { _ in
      UInt8(truncatingIfNeeded: random.next())
    }
    return ImageBatch(
      student: [resolution: Pixels(pixels, count: count, size: resolution)],
      indices: Array(0..<count), labels: Array(repeating: nil, count: count))
  }

  private func spec(_ name: String, _ registry: Registry) throws -> ModelSpec {
    var spec = try ModelSpec(registry, argument: name)
    spec.classes = spec.classes ?? classes
    return spec
  }

  /// A network with random weights, its head's too, so that losses and gradients are not zero.
  private func built(_ spec: ModelSpec, seed: UInt64) throws -> any Model {
    let model = try spec.build(seed: seed)
    let head = model.classifier.weight.value
    head.copy(from: Tensor.randn(head.shape) * 0.02)
    return model
  }
}

extension Precision: ExpressibleByArgument {}
