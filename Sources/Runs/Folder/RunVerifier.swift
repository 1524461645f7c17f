import Foundation
import FunMatchFiles
import FunMatchModels
import FunMatchRecipes
import FunMatchSettings

/// Reads everything in a run's folder and tells what is damaged or missing.
package struct RunVerifier {
  /// What was found of a file.
  package struct Finding {
    /// Its name from the run's folder on.
    package let name: String
    /// What it is, or what is wrong with it.
    package let words: String
    /// Whether something is wrong.
    package let isFault: Bool
  }

  private let folder: RunFolder
  private let registry: Registry

  /// Nothing is read yet.
  package init(_ folder: RunFolder, registry: Registry) {
    (self.folder, self.registry) = (folder, registry)
  }

  /// What there is, file by file; nothing is changed.
  ///
  /// - Throws: `RecipeError` when there is no such folder, or it holds no run.
  package func findings() throws -> [Finding] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      throw RecipeError("\(folder.path): does not exist, expected the folder of a run or a study")
    }
    guard isFolder.boolValue else {
      throw RecipeError("\(folder.path): is a file, expected the folder of a run or a study")
    }
    guard FileManager.default.fileExists(atPath: folder.recipe) else {
      throw RecipeError("\(folder.path): holds no run: there is no recipe.yaml")
    }
    var findings: [Finding] = []
    func look(_ path: String, isNeeded: Bool = false, _ body: () throws -> String) {
      let name = String(path.dropFirst(folder.path.count + 1))
      guard FileManager.default.fileExists(atPath: path) else {
        if isNeeded { findings.append(Finding(name: name, words: "is missing", isFault: true)) }
        return
      }
      do {
        findings.append(Finding(name: name, words: try body(), isFault: false))
      } catch {
        findings.append(Finding(name: name, words: "\(error)", isFault: true))
      }
    }
    func checked(_ path: String, isNeeded: Bool = false) {
      look(path, isNeeded: isNeeded) {
        guard JSONText.read(path, as: Anything.self) != nil else {
          throw FileError("is damaged, or was changed by hand")
        }
        return "whole"
      }
    }
    var interval = Int.max / 2
    look(folder.recipe) {
      let own = try RecipeFile(path: folder.recipe, registry: registry).recipe.student
      interval = min(own.logEvery, own.evaluateEvery)
      return "can be read"
    }
    for path in [folder.engine, folder.environment, folder.data] { checked(path, isNeeded: true) }
    checked(folder.source)
    checked(folder.calibrations)
    checked(folder.bestScore)
    checked(folder.asked)
    checked(folder.result)
    look(folder.metrics, isNeeded: true) {
      // A branch's first lines are its trunk's, which may be rarer.
      let faults = try MetricsLog.faults(
        folder.metrics, interval: interval, from: RunSource(path: folder.source)?.trunk?.step ?? 0)
      guard faults.isEmpty else { throw FileError(faults.joined(separator: "; ")) }
      return "a line for every step that should have one"
    }
    let checkpoints = Checkpoint.states(in: folder.checkpoints)
    for (path, isWhole) in checkpoints {
      look(path) {
        guard isWhole else {
          throw FileError("is damaged: its SHA-256 is not that of the file beside it")
        }
        return "whole"
      }
    }
    let isFinished = FileManager.default.fileExists(atPath: folder.result)
    if !isFinished && checkpoints.isEmpty {
      findings.append(
        Finding(name: "checkpoints", words: "holds none of this run", isFault: true))
    }
    for (path, isNeeded) in [(folder.student, isFinished), (folder.best, false)] {
      look(path, isNeeded: isNeeded) {
        let file = try ModelFile(path: path, registry: registry)
        return "whole, \(NumberText.grouped(file.model.parameterCount ?? 0)) parameters"
      }
    }
    return findings
  }

  /// An object with whatever keys.
  private struct Anything: Decodable {
    init(from decoder: any Decoder) throws { _ = try decoder.container(keyedBy: KeyName.self) }
  }
}
