import ArgumentParser
import FunMatchExperiments

/// `funmatch distill`: a student learns a function from its teachers.
///
/// A `Run` reads what the recipe names, `Trainer` makes the steps, and `DistillationStep` is one of them.
struct Distill: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Distil teachers into a student, as a recipe says; no labels are used.")

  @OptionGroup var arguments: RunArguments

  func run() throws { try arguments.run(.distillation) }
}
