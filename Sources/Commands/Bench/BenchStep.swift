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
    /// The student's, and those of the teacher, if it computes the next step's logits beside it.
    let threads: Int
    let teacherAhead: Int?
    let device: String
    let engine: Engine
    let teacherPrecision: Precision
    let studentPrecision: Precision
  }

  func run(_ registry: Registry) throws {
    let device = try place.resolve()
    let timer = EngineTimer(
      device: device, resolution: resolution, count: batchSize, limit: .seconds(60))
    let own = BenchTeacher(try spec(teacher, registry), resolution, batchSize, device)
    let (teacher, way) = try own.frozen(engine.engine, teacherPrecision ?? precision, timer)
    let spec = try spec(student, registry)
    let studentPrecision = try precision == .auto ? timer.student(spec).way.precision : precision
    let format = studentPrecision.dtype ?? .f32
    var teachers = [teacher]
    var plan = ThreadPlan(student: Torch.threads)
    if place.threads == nil, device == .cpu, Torch.threads > 1 {
      let found = try ThreadTimer(
        spec, resolution: resolution, precision: format, count: batchSize, teachers: [resolution]
      ).plan(teachers, isEven: way.engine == .libtorch) { threads in
        way.engine == .openvino
          ? try Torch.withThreads(threads) { [try own.frozen(way)] } : teachers
      }
      (plan, teachers) = (found.plan, found.teachers)
      print(found.words)
    }
    Torch.threads = plan.student
    let network = try BenchTeacher.built(spec, seed: 2)
    network.store.move(to: device)
    network.store.requireGradients()
    let learner = Learner(
      network, objective: .distance(.kl(temperature: 1)),
      optimizer: Adam(network.store.parameters, AdamConfiguration()),
      schedule: Schedule(totalSteps: 1_000_000, warmupSteps: 0),
      precision: format)
    let lambda: @Sendable (Int) -> Double = { Mixup(1, seed: 0).lambda(step: $0) }
    // A run draws them beside its steps.
    let drawn = (0..<min(2 + steps, 64)).map { own.views($0, count: batchSize) }
    func views(at step: Int) -> ImageBatch { drawn[step % drawn.count] }
    let live = LiveTeacherLogits(teachers)
    var logits: any TeacherLogits = live
    if plan.isAhead {
      logits = TeachersAhead(live, steps: 2 + steps) { step in
        Batch(drawn[step % drawn.count], lambda: lambda(step), device: device)
      }
    }
    var step = DistillationStep(logits, lambda: lambda, resolution: resolution, device: device)
    for index in 0..<2 { try step(views(at: index), step: index, learner) }

    // Medians of the parts, since other programs may use the machine.
    var parts: [String: [Double]] = [:]
    var whole: [Double] = []
    for index in 0..<steps {
      let views = views(at: 2 + index)
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
      optimizerSeconds: median(parts["optimizer"]), threads: plan.student,
      teacherAhead: plan.isAhead ? plan.teachers : nil,
      device: device.description, engine: way.engine,
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

  private func spec(_ name: String, _ registry: Registry) throws -> ModelSpec {
    var spec = try ModelSpec(registry, argument: name)
    spec.classes = spec.classes ?? classes
    return spec
  }
}

extension Precision: ExpressibleByArgument {}
