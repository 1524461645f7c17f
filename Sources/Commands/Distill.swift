import ArgumentParser
import FunMatchRuns
import FunMatchSettings

/// `funmatch distill`: a student learns a function from its teachers.
///
/// A `Run` reads what the recipe names, `Trainer` makes the steps, and `DistillationStep` is one of them.
struct Distill: RegistryCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Distil teachers into a student, as a recipe says, or without one; no labels are used.")

  @OptionGroup var source: DistillSource
  @OptionGroup var arguments: RunArguments

  func validate() throws { try source.check(arguments) }

  func run(_ registry: Registry) throws {
    let (file, options, branch) = try source.prepared(arguments, registry)
    if options.dryRunSteps == nil {
      try arguments.report(Run(.distillation, file, options, branch: branch)(), options)
    } else {
      try DryRun(.distillation, file, options)(source.tell(file, options))
    }
  }
}
