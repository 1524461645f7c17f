import ArgumentParser

/// `funmatch bench`: how fast the tool is here.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure speed on this machine.", subcommands: [BenchStep.self, BenchInput.self])
}
