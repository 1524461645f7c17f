import ArgumentParser
import FunMatchRuns
import FunMatchSettings

/// `funmatch train`: the recipe's student learns from labels.
struct Train: RegistryCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train the recipe's student on labels: a teacher, or the supervised baseline.")

  @Argument(help: "The recipe, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var recipe: String?

  @OptionGroup var arguments: RunArguments

  func validate() throws {
    try arguments.check(recipe: recipe)
    guard recipe != nil || arguments.branch != nil else {
      throw ValidationError("Missing expected argument '<recipe>'")
    }
  }

  func run(_ registry: Registry) throws {
    let (file, options, branch) = try arguments.prepared(recipe, registry)
    if options.dryRunSteps == nil {
      try arguments.report(Run(.supervision, file, options, branch: branch)(), options)
    } else {
      try DryRun(.supervision, file, options)() { print($0) }
    }
  }
}
