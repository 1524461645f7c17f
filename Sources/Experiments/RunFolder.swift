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
  /// How it ended, and what it cost.
  public var result: String { path + "/result.json" }
  /// What was said, with times.
  public var log: String { path + "/log.txt" }
  /// Saved states.
  public var checkpoints: String { path + "/checkpoints" }
  /// The finished student, a model file.
  public var student: String { path + "/student.safetensors" }
  /// The student that was best on the validation images, a model file; there if the recipe asks for it.
  public var best: String { path + "/best.safetensors" }
  /// Figures with their data.
  public var report: String { path + "/report" }

  /// A folder that need not exist yet.
  public init(_ path: String) { self.path = path }

  /// Checks that a run of this recipe may use the folder; nothing is written.
  ///
  /// - Throws: `ExperimentError` when the folder holds a run and `resume` is off, or a run of another
  ///   recipe.
  public func check(_ recipe: Recipe, resume: Bool) throws {
    guard !FileManager.default.fileExists(atPath: StudyFolder(path).result) else {
      throw ExperimentError("\(path) holds a study; choose another --output")
    }
    guard FileManager.default.fileExists(atPath: self.recipe) else {
      let remains = (try? FileManager.default.contentsOfDirectory(atPath: checkpoints)) ?? []
      guard remains.isEmpty else {
        throw ExperimentError(
          "\(path) holds checkpoints but no recipe.yaml; choose another --output")
      }
      return
    }
    // What ended before its first checkpoint has nothing that could be lost.
    guard Checkpoint.exists(in: checkpoints) || FileManager.default.fileExists(atPath: result)
    else { return }
    guard resume else {
      throw ExperimentError(
        "\(path) already holds a run; continue it with --resume or choose another --output")
    }
    try checkRecipe(recipe)
  }

  /// Checks that the folder's run is one of this recipe.
  ///
  /// - Throws: `ExperimentError` when it is another's.
  func checkRecipe(_ recipe: Recipe) throws {
    // Texts, since numbers are written with fewer digits than they have. What is kept in memory and
    // on the disk may change: it shows in no view and no weight.
    func text(_ recipe: Recipe) throws -> String {
      var recipe = recipe
      recipe.cache = .none
      recipe.checkpoints = Recipe.Checkpoints()
      return try RecipeFile.text(recipe)
    }
    let earlier = try text(try RecipeFile(path: self.recipe).recipe)
    let wanted = try text(recipe)
    guard earlier == wanted else {
      throw ExperimentError(
        "\(path) holds a run of another recipe; they differ in: "
          + Self.difference(earlier, wanted))
    }
  }

  /// Makes the folder and writes the recipe into it.
  ///
  /// - Returns: what keeps other processes out of it.
  /// - Throws: `ExperimentError` or `TorchError` when that cannot be done.
  func make(_ recipe: Recipe) throws -> FolderLock {
    let text = try RecipeFile.text(recipe)
    for folder in [path, checkpoints, report] { try AtomicFile.makeFolder(folder) }
    let lock = try FolderLock(path)
    try AtomicFile.write(to: self.recipe, Data(text.utf8))
    return lock
  }

  /// The first keys whose values differ, with both.
  private static func difference(_ before: String, _ after: String) -> String {
    let (there, now) = (RecipeKeys.values(in: before), RecipeKeys.values(in: after))
    let keys = Set(there.keys).union(now.keys).filter { there[$0] != now[$0] }.sorted()
    return keys.prefix(5).map { key in
      "\(key): \(there[key] ?? "nothing") there, \(now[key] ?? "nothing") now"
    }.joined(separator: "; ")
  }
}
