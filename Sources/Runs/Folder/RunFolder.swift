import Foundation
import FunMatchFiles
import FunMatchRecipes

/// The folder of a run and the names in it.
public struct RunFolder: Sendable {
  /// The folder itself.
  public let path: String
  /// The recipe with all defaults.
  public var recipe: String { path + "/recipe.yaml" }
  /// What the run ran on.
  public var environment: String { path + "/environment.json" }
  /// What it was trained and measured on.
  var data: String { path + "/data.json" }
  /// What its networks compute with.
  public var engine: String { "\(path)/\(Checkpoint.namingFile)" }
  /// Ranges and corrections of teachers in int8.
  package var calibrations: String { path + "/int8.json" }
  /// Where the run comes from.
  var source: String { path + "/source.json" }
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
  /// How good that student is.
  var bestScore: String { path + "/best.json" }
  /// Figures with their data.
  public var report: String { path + "/report" }
  /// What the folder of a study has in its place.
  package static let studyResult = "study.json"

  /// A folder that need not exist yet.
  public init(_ path: String) { self.path = path }

  /// Checks that a run of this recipe may use the folder; nothing is written.
  ///
  /// - Parameter imageCount: as `checkRecipe` has it.
  /// - Throws: `RecipeError` when the folder holds a run and `resume` is off, or a run of another
  ///   recipe.
  public func check(
    _ file: RecipeFile, resume: Bool, imageCount: ImageCount? = nil
  ) throws {
    guard !FileManager.default.fileExists(atPath: "\(path)/\(Self.studyResult)") else {
      throw RecipeError("\(path) holds a study; choose another --output")
    }
    guard FileManager.default.fileExists(atPath: self.recipe) else {
      let remains = (try? FileManager.default.contentsOfDirectory(atPath: checkpoints)) ?? []
      guard remains.isEmpty else {
        throw RecipeError(
          "\(path) holds checkpoints but no recipe.yaml; choose another --output")
      }
      return
    }
    // What ended before its first checkpoint has nothing that could be lost.
    guard Checkpoint.exists(in: checkpoints) || FileManager.default.fileExists(atPath: result)
    else { return }
    guard resume else {
      throw RecipeError(
        "\(path) already holds a run; continue it with --resume or choose another --output")
    }
    try checkRecipe(file, imageCount: imageCount)
  }

  /// Whether the run in the folder is at its end. A finished student of a study has no checkpoints.
  ///
  /// - Parameter kind: of which kind it is.
  func isFinished(kind: String) -> Bool {
    RunResult(path: result)?.kind == kind
      && FileManager.default.fileExists(atPath: student)
      && Checkpoint.newest(in: checkpoints) == nil
  }

  /// What comments say in the recipe that is there.
  var notes: RecipeNotes {
    let text = FileManager.default.contents(atPath: recipe) ?? Data()
    return RecipeNotes(in: String(decoding: text, as: UTF8.self))
  }

  /// Makes the folder, without what a killed process left half written, and writes the recipe into it.
  ///
  /// - Parameter notes: what comments say of its keys, beside those that are there.
  /// - Returns: what keeps other processes out of it, and which folders were not there before.
  /// - Throws: `FileError` when that cannot be done.
  func make(
    _ recipe: Recipe, notes: RecipeNotes = [:]
  ) throws -> (lock: FileLock, made: MadeFolders) {
    let text = try RecipeFile.text(recipe, notes: notes.over(self.notes))
    var made = MadeFolders()
    try made.make(path)
    let folders = [path, checkpoints, report]
    for folder in folders { try OutputFolder.make(folder) }
    let lock = try FileLock.takeFolder(path)
    for folder in folders { OutputFolder.removeTemporaries(in: folder) }
    try AtomicFile.write(to: self.recipe, Data(text.utf8))
    return (lock, made)
  }
}
