import ArgumentParser
import Foundation
import FunMatchFiles
import FunMatchRecipes
import FunMatchRuns
import FunMatchSettings
import FunMatchTorch

/// `funmatch plan`: what a recipe costs on one process and on many.
struct Plan: RegistryCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what a recipe costs on 1 to 1,024 processes: time, memory, price.",
    discussion: """
      What a step's parts take is measured here in seconds, on few images; images and weights that are not here are made up. \
      Of a card or a network that is not here say it instead: with --teacher-seconds, --student-seconds and --gradient-bytes \
      nothing is computed. Under torchrun it is also measured what so many processes of one machine take from each other.
      """)

  @Argument(help: "The recipe, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var recipe: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Changes a key of the recipe.", valueName: "key=value"))
  var edits: [String] = []

  @Option(help: "Seconds of all teachers for an image, on one process.")
  var teacherSeconds: Double?

  @Option(
    help: "Seconds of the student for an image: forward, backward and its share of the update.")
  var studentSeconds: Double?

  @Option(help: "Seconds of a core for the views of an image.")
  var inputSeconds: Double?

  @Option(help: "Bytes of the student's gradients: four for each parameter.")
  var gradientBytes: Int?

  @Option(help: "Gigabytes a second between processes.")
  var bandwidth = 1.25

  @Option(help: "Microseconds from one process to another.")
  var latency = 50.0

  @Option(help: "Cores of a process that draw images; all of this machine without it.")
  var cores: Int?

  @Option(help: "The price of an hour of one process.")
  var price: Double?

  @Flag(help: "Write one JSON object as the last line.")
  var json = false

  @OptionGroup var images: DataOptions

  @OptionGroup var place: DeviceOptions

  func validate() throws {
    let numbers = [teacherSeconds, studentSeconds, inputSeconds, price].compactMap { $0 }
    guard numbers.allSatisfy({ $0 >= 0 && $0 < 1e9 }), (1e-9..<1e9).contains(bandwidth),
      (0..<1e9).contains(latency),
      (cores ?? 1) > 0, (gradientBytes ?? 1) > 0
    else { throw ValidationError("seconds, bytes, price and cores must be positive numbers") }
  }

  private struct Summary: Encodable {
    let steps: Int
    let imageCount: Int
    let costs: StepCosts
    let costsInCompany: StepCosts?
    let largestUseful: Int
    let bankedSeconds: Double
    let rows: [ScalePlan.Row]
  }

  func run(_ registry: Registry) throws {
    let datasets = images.datasets(registry)
    var count = 0
    let file = try RecipeFile(path: recipe, edits: edits, registry: registry) {
      count = try $0.count(in: datasets, inventsMissing: true)
      return count
    }
    if count == 0 { count = try file.recipe.shared.train.count(in: datasets, inventsMissing: true) }
    let launch = try Launch()
    let group = try launch.map { try ProcessGroup($0) }
    let options = RunOptions(
      output: "", device: try place.resolve(localRank: launch?.localRank), isQuiet: true,
      dataFolder: images.dataDir, registry: registry, threads: place.threads)
    // Others wait meanwhile.
    let costs = group?.isFirst == false ? nil : try costs(file, options)
    var hosts = [""]
    let inCompany = try group.map { group in
      hosts = try group.gathered(ProcessInfo.processInfo.hostName)
      return try self.costs(file, options, company: group)
    }
    guard let costs else { return }
    let all = ProcessInfo.processInfo.activeProcessorCount
    let local = hosts.filter { $0 == hosts[0] }.count
    let machine = ScalePlan.Machine(
      bandwidth: bandwidth * 1e9, latency: latency * 1e-6,
      cores: cores ?? max(1, all / local), company: inCompany.map { (local, $0) })
    let plan = try ScalePlan(file.recipe, imageCount: count, costs, machine, price: price)
    print(text(plan, costs, file.recipe, count))
    if json {
      print(
        try JSONText.line(
          Summary(
            steps: plan.steps, imageCount: count, costs: costs, costsInCompany: inCompany,
            largestUseful: plan.largestUseful,
            bankedSeconds: plan.bankedSeconds, rows: plan.rows)))
    }
  }

  private func costs(
    _ file: RecipeFile, _ options: RunOptions, company: ProcessGroup? = nil
  ) throws -> StepCosts {
    let hasTeachers = !file.recipe.shared.teachers.isEmpty
    if let studentSeconds, let gradientBytes, teacherSeconds != nil || !hasTeachers {
      return StepCosts(
        teachers: .init(perImage: teacherSeconds ?? 0), student: .init(perImage: studentSeconds),
        input: inputSeconds, gradientBytes: gradientBytes, sharedLayers: 0, memory: nil)
    }
    var costs = try CostMeasurement(
      hasTeachers ? .distillation : .supervision, file, options, company: company
    )().costs
    if let teacherSeconds { costs.teachers = .init(perImage: teacherSeconds) }
    if let studentSeconds { costs.student = .init(perImage: studentSeconds) }
    costs.input = inputSeconds ?? costs.input
    costs.gradientBytes = gradientBytes ?? costs.gradientBytes
    return costs
  }

  private func text(
    _ plan: ScalePlan, _ costs: StepCosts, _ recipe: Recipe, _ imageCount: Int
  ) -> String {
    func milliseconds(_ seconds: Double) -> String { NumberText.significant(seconds * 1e3) + " ms" }
    let isMeasured = costs.memory != nil
    func line(_ cost: StepCosts.Line) -> String {
      cost.points.suffix(isMeasured ? 5 : 1).map {
        milliseconds($0.value / Double($0.images)) + (isMeasured ? " (\($0.images) at a time)" : "")
      }.joined(separator: ", ") + " an image"
    }
    var lines = [
      "\(NumberText.grouped(plan.steps)) steps of \(recipe.shared.batchSize) images, "
        + "\(NumberText.grouped(imageCount)) images in all",
      "teachers \(line(costs.teachers))", "student \(line(costs.student))",
      costs.input.map { "views \(milliseconds($0)) of a core an image" }
        ?? "views of unknown cost (--input-seconds)",
    ]
    if isMeasured, recipe.shared.precision == .auto || recipe.student.precision == .auto {
      lines.append("precision: auto is planned in f32; --set precision=bf16 plans that")
    }
    var table = TextTable(
      ["processes", "images", "s/step", "time", "efficiency", "most", "memory", "sent a step"]
        + (price == nil ? [] : ["cost"]))
    for row in plan.rows {
      table.append(
        [
          "\(row.processes)", "\(row.imagesAtOnce)", NumberText.significant(row.secondsPerStep),
          NumberText.duration(row.seconds), NumberText.fixed(row.efficiency, 2),
          row.bottleneck.rawValue,
          row.memoryBytes.map { NumberText.bytes(Int($0)) } ?? "-",
          NumberText.bytes(Int(row.sentBytes)),
        ] + (row.cost.map { [NumberText.grouped(Int($0.rounded()))] } ?? []))
    }
    lines.append(table.text(left: 0))
    lines.append(
      "the largest number of which each still does half of what one alone does: \(plan.largestUseful)"
    )
    if plan.bankedSeconds > 0, let first = plan.rows.first {
      let share = NumberText.fixed(100 * plan.bankedSeconds / first.seconds, 0)
      lines.append(
        "a bank saves each later run on the same views \(NumberText.duration(plan.bankedSeconds)) of one "
          + "process (\(share) %)")
      let larger = recipe.shared.teachers.map(\.resolution).max() ?? 0
      if larger > recipe.shared.resolution {
        let ratio =
          Double(recipe.shared.resolution * recipe.shared.resolution) / Double(larger * larger)
        lines.append(
          "teachers at the student's \(recipe.shared.resolution) px would save about "
            + NumberText.duration(plan.bankedSeconds * (1 - ratio)))
      }
    }
    return lines.joined(separator: "\n")
  }
}
