import ArgumentParser
import FunMatchDatasets
import FunMatchModels
import FunMatchRecipes
import FunMatchRuns
import FunMatchSettings

/// What `distill` is given: a recipe, or what one is made of.
struct DistillSource: ParsableArguments {
  @Argument(help: "The recipe, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var recipe: String?

  @Option(
    help:
      "Without a recipe: the teacher, a model file of this tool, which tells size and scaling of its input."
  )
  var teacher: String?

  @Option(
    help: "Without a recipe: the images to learn from, such as photos:PATH; no labels are needed.")
  var data: String?

  @Option(
    help: "Without a recipe: the student's network, a name such as mobilenet-v3-small, or its spec."
  )
  var student: String?

  @Option(
    help: "Without a recipe: hours from the beginning of the command to its end, such as 2 or 0.5.")
  var hours: Double?

  @Option(help: "Without a recipe: images to evaluate the finished student on.")
  var test: String?

  /// What has to be said, by name.
  private var needed: [(name: String, isThere: Bool)] {
    [
      ("--teacher", teacher != nil), ("--data", data != nil), ("--student", student != nil),
      ("--hours", hours != nil),
    ]
  }

  /// Makes sure that there is one of the three: a recipe, what one is made of, a run to branch from.
  func check(_ arguments: RunArguments) throws {
    try arguments.check(recipe: recipe)
    let said = needed.filter(\.isThere).map(\.name) + (test == nil ? [] : ["--test"])
    if arguments.branch != nil {
      guard let option = said.first else { return }
      throw ValidationError("\(option) is for a run without a recipe; --branch has that of its run")
    }
    guard recipe == nil else {
      guard let option = said.first else { return }
      throw ValidationError(
        "\(option) is for a run without a recipe; \(recipe ?? "") says it itself, and --set changes it"
      )
    }
    let missing = needed.filter { !$0.isThere }.map(\.name)
    guard missing.isEmpty else {
      throw ValidationError(
        "expected a recipe, or --teacher, --data, --student and --hours"
          + (said.isEmpty ? "" : "; missing: \(missing.joined(separator: ", "))"))
    }
    guard let hours, hours > 0, hours <= 100_000 else {
      throw ValidationError("--hours must be above 0 and at most 100000")
    }
  }

  /// The recipe, read or made, and what the command line says beside it.
  func prepared(
    _ arguments: RunArguments, _ registry: Registry
  ) throws -> RunArguments.Prepared {
    if recipe != nil || arguments.branch != nil {
      return try arguments.prepared(recipe, registry)
    }
    let begin = ContinuousClock.now
    guard let teacher, let data, let student, let hours else {
      throw RecipeError("expected a recipe, or --teacher, --data, --student and --hours")
    }
    let wish = FirstRecipe.Wish(
      teacher: teacher, data: try reference(data, "--data", usually: "train"),
      test: try test.map { try reference($0, "--test", usually: "test") },
      student: (try ModelSpec(registry, argument: student, of: "--student"), student),
      hours: hours, edits: arguments.settings.edits)
    var options = try arguments.settings.options(
      name: "first", registry, dryRunSteps: arguments.dryRun)
    options.begin = begin
    let (file, chosen) = try FirstRecipe(wish, options)()
    return (file, chosen, nil)
  }

  /// Where a dry run's lines go: below a recipe that was made, as comments, so that all is a recipe.
  func tell(_ file: RecipeFile, _ options: RunOptions) throws -> (String) -> Void {
    guard recipe == nil, teacher != nil else { return { print($0) } }
    print(try RecipeFile.text(file.recipe, notes: options.notes))
    return { print("# \($0)") }
  }

  /// A data set, with its split where it has one and none is said.
  private func reference(
    _ text: String, _ option: String, usually split: String
  ) throws -> DatasetReference {
    do {
      let reference = try DatasetReference(text)
      guard reference.path == nil, reference.split == nil else { return reference }
      let slice = reference.slice.map { "[\($0)]" } ?? ""
      return try DatasetReference("\(reference.name):\(split)\(slice)")
    } catch let error as DatasetError {
      throw RecipeError("\(option): \(error)")
    }
  }
}
