import ArgumentParser
import FunMatchExperiments

/// `funmatch train`: the recipe's student learns from labels.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train the recipe's student on labels: a teacher, or the supervised baseline.")

  @OptionGroup var arguments: RunArguments

  func run() throws { try arguments.run(.supervision) }
}
