import FunMatchDistillation
import FunMatchRecipes

/// What a run costs on one process and on many, from what the parts of its step take.
///
/// A process computes its share of every part of the batch. Images are drawn beside that. Gradients travel while the last part
/// goes backward, which is two thirds of the student's time, and what is left of their way comes on top: 2(N - 1)/N times their
/// bytes, in 2(N - 1) turns of a ring.
public struct ScalePlan: Sendable {
  /// What connects processes, and what each has.
  public struct Machine: Sendable {
    /// Bytes a second that a process sends and receives at once.
    public var bandwidth: Double
    /// Seconds from one process to another.
    public var latency: Double
    /// Cores of a process that draw images.
    public var cores: Int
    /// What a step's parts take while so many processes of one machine compute at once; `nil` where each has a machine of its
    /// own, or takes nothing from the others.
    public var company: (processes: Int, costs: StepCosts)?

    /// All named.
    public init(
      bandwidth: Double, latency: Double, cores: Int,
      company: (processes: Int, costs: StepCosts)? = nil
    ) {
      (self.bandwidth, self.latency, self.cores) = (bandwidth, latency, cores)
      self.company = company
    }

    /// The costs where so many processes share a run.
    func costs(_ alone: StepCosts, processes: Int) -> StepCosts {
      guard let company, company.processes > 1 else { return alone }
      let others = min(processes, company.processes) - 1
      return alone.mixed(with: company.costs, Double(others) / Double(company.processes - 1))
    }
  }

  /// What takes most of a step.
  public enum Bottleneck: String, Codable, Sendable {
    case teachers, student, gradients, images
  }

  /// The run on a number of processes.
  public struct Row: Codable, Sendable {
    /// How many.
    public let processes: Int
    /// Images that the first has of a whole part of a batch.
    public let imagesAtOnce: Int
    /// Seconds of a step.
    public let secondsPerStep: Double
    /// Seconds of all steps, and of fixed targets before them.
    public let seconds: Double
    /// Times as fast as one process, divided by their number.
    public let efficiency: Double
    /// What takes most of a step.
    public let bottleneck: Bottleneck
    /// Bytes of memory of a process.
    public let memoryBytes: Double?
    /// Bytes that a process sends a step.
    public let sentBytes: Double
    /// What all processes cost, in the currency of the price.
    public let cost: Double?
  }

  /// One row for each power of two that the recipe can be shared by, 1,024 at most.
  public let rows: [Row]
  /// Updates in all.
  public let steps: Int
  /// The most processes of which each still does half of what one alone does.
  public let largestUseful: Int
  /// Seconds on one process that a bank of everything saves a later run.
  public let bankedSeconds: Double

  /// - Parameters:
  ///   - recipe: the run.
  ///   - imageCount: number of training images.
  ///   - price: of an hour of one process; `nil` without.
  /// - Throws: what an impossible schedule throws.
  public init(
    _ recipe: Recipe, imageCount: Int, _ costs: StepCosts, _ machine: Machine, price: Double? = nil
  ) throws {
    guard recipe.student.schedule.hours == nil else {
      throw RecipeError(
        "schedule.hours: how many steps they hold is found when the run is made; expected a length in steps, epochs or images"
      )
    }
    steps = try recipe.schedule(imageCount: imageCount).totalSteps
    let shared = recipe.shared
    let parts = DistillationStep.parts(of: shared.batchSize, shared.microBatchSize).map(\.count)
    let fixedViews = shared.teachers.isEmpty ? 0 : shared.views.teacher.fixedViews
    // Teachers of fixed views, and of views that repeat, do not compute in every step.
    let live: Double
    if fixedViews > 0 || shared.teachers.isEmpty {
      live = 0
    } else if let period = shared.bank == nil ? nil : shared.bankPeriod(imageCount: imageCount) {
      live = min(1, Double(period) / Double(steps))
    } else {
      live = 1
    }
    var rows: [Row] = []
    let least = parts.min() ?? 1
    var count = 1
    while count <= min(1024, least) {
      let costs = machine.costs(costs, processes: count)
      let step = Step(parts, costs, machine, processes: count, live: live)
      let targets =
        Double(imageCount * fixedViews) * costs.teachers(step.most) / Double(step.most * count)
      let seconds = step.seconds * Double(steps) + targets
      let first = rows.first?.seconds ?? seconds
      rows.append(
        Row(
          processes: count, imagesAtOnce: step.most, secondsPerStep: step.seconds,
          seconds: seconds, efficiency: first / seconds / Double(count),
          bottleneck: step.bottleneck, memoryBytes: costs.memory.map { $0(step.most) },
          sentBytes: step.sent, cost: price.map { $0 * seconds / 3600 * Double(count) }))
      count *= 2
    }
    self.rows = rows
    largestUseful = rows.last { $0.efficiency >= 0.5 }?.processes ?? 1
    bankedSeconds = parts.reduce(0) { $0 + costs.teachers($1) } * live * Double(steps)
  }

  /// The parts of a step on so many processes.
  private struct Step {
    let seconds: Double
    let bottleneck: Bottleneck
    let most: Int
    let sent: Double

    init(
      _ parts: [Int], _ costs: StepCosts, _ machine: Machine, processes: Int, live: Double
    ) {
      let shares = parts.map { ($0 + processes - 1) / processes }
      most = shares.max() ?? 0
      let teachers = live * shares.reduce(0) { $0 + costs.teachers($1) }
      let student = shares.reduce(0) { $0 + costs.student($1) }
      let turns = Double(2 * (processes - 1))
      sent = turns / Double(processes) * Double(costs.gradientBytes)
      let way = sent / machine.bandwidth + turns * machine.latency
      let hidden = min(way, costs.student(shares.last ?? 0) * 2 / 3)
      let waits = Double(2 * costs.sharedLayers * parts.count) * turns * machine.latency
      let gradients = way - hidden + waits
      let images =
        (costs.input ?? 0) * Double(shares.reduce(0, +)) / Double(max(1, machine.cores))
      let computed = teachers + student + gradients
      seconds = max(computed, images)
      let all: [(Bottleneck, Double)] = [
        (.teachers, teachers), (.student, student), (.gradients, gradients),
        (.images, images > computed ? .infinity : 0),
      ]
      bottleneck = all.max { $0.1 < $1.1 }?.0 ?? .student
    }
  }
}
