import ArgumentParser
import Foundation

/// How many threads read images.
struct LoadingOptions: ParsableArguments {
  @Option(
    help:
      "Threads that read and draw images; as many as there are cores without it. Views do not depend on it."
  )
  var workers: Int?

  func validate() throws {
    guard (1...1024).contains(workers ?? 1) else {
      throw ValidationError("--workers must be between 1 and 1024")
    }
  }

  /// The number.
  var threads: Int { workers ?? ProcessInfo.processInfo.activeProcessorCount }
}
