import Foundation
import FunMatchTorch

/// The folder of a run and the names in it.
public struct RunFolder: Sendable {
  /// The folder itself.
  public let path: String
  /// The recipe with all defaults.
  public var recipe: String { path + "/recipe.yaml" }
  /// What the run ran on.
  public var environment: String { path + "/environment.json" }
  /// One line a step.
  public var metrics: String { path + "/metrics.jsonl" }
  /// What was said, with times.
  public var log: String { path + "/log.txt" }
  /// Saved states.
  public var checkpoints: String { path + "/checkpoints" }
  /// The finished student, a model file.
  public var student: String { path + "/student.safetensors" }
  /// Figures with their data.
  public var report: String { path + "/report" }

  /// A folder that need not exist yet.
  public init(_ path: String) { self.path = path }

  /// Makes the folder for a new run, or takes up the one of a run of the same recipe.
  ///
  /// - Throws: `ExperimentError` when the folder holds a run and `resume` is off, when the run
  ///   there has another recipe, or when the folder cannot be made.
  public func prepare(_ recipe: Recipe, resume: Bool) throws {
    let text = try RecipeFile.text(recipe)
    if FileManager.default.fileExists(atPath: self.recipe) {
      guard resume else {
        throw ExperimentError(
          "\(path) already holds a run; continue it with --resume or choose another --output")
      }
      let earlier = try RecipeFile(path: self.recipe).recipe
      guard earlier == recipe else {
        throw ExperimentError(
          "\(path) holds a run of another recipe; they differ in: "
            + Self.difference(try RecipeFile.text(earlier), text))
      }
    }
    do {
      for folder in [path, checkpoints, report] {
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true)
      }
    } catch {
      throw ExperimentError("\(path): cannot be made (\(error.localizedDescription))")
    }
    try AtomicFile.write(to: self.recipe, Data(text.utf8))
  }

  private static func difference(_ before: String, _ after: String) -> String {
    let lines = before.split(separator: "\n")
    let changed = after.split(separator: "\n").filter { !lines.contains($0) }
    return changed.prefix(5).map { $0.trimmingCharacters(in: .whitespaces) }
      .joined(separator: ", ")
  }
}
