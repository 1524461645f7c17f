import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchModels

/// The student that was best on the validation images: `best.safetensors`, with its score in
/// `best.json`.
struct BestStudent {
  private struct Score: Codable {
    let step: Int
    let figure: String
    let value: Double
  }

  private let folder: RunFolder
  private var path: String { folder.best }
  private var score: Score?

  /// What is in the folder of a run that goes on after step `start`. It may be of a later step: that is
  /// made again, and has the same score. What is there before the first step is another run's.
  init(_ folder: RunFolder, from start: Int) {
    self.folder = folder
    if start == 0 {
      for old in [path, sidecar] { try? FileManager.default.removeItem(atPath: old) }
    }
    guard FileManager.default.fileExists(atPath: path) else { return }
    score = JSONText.read(sidecar)
  }

  /// Puts into a branch's folder what it begins with: the best of its trunk, if that is of no later step; else none.
  ///
  /// - Parameter trunk: a folder into which nobody writes; `nil`: it is not known what is whole there.
  /// - Throws: `FileError` when a file cannot be written.
  static func begin(_ folder: RunFolder, of trunk: RunFolder?, through step: Int) throws {
    for old in [folder.best, folder.bestScore] { try? FileManager.default.removeItem(atPath: old) }
    guard let trunk, let score = JSONText.read(trunk.bestScore, as: Score.self),
      score.step <= step, let weights = FileManager.default.contents(atPath: trunk.best)
    else { return }
    try AtomicFile.write(to: folder.best, weights)
    try JSONText.write(score, to: folder.bestScore)
  }

  private var sidecar: String { folder.bestScore }

  /// Whether there is a student of which nobody knows how good it is: the next one that is evaluated takes its place.
  var isUnknown: Bool { score == nil && FileManager.default.fileExists(atPath: path) }

  /// Writes the student if it is better than all before, by top-1, without labels by agreement.
  ///
  /// - Returns: whether it is.
  /// - Throws: `FileError` when a file cannot be written.
  mutating func keep(_ file: ModelFile, _ evaluation: Evaluation, step: Int) throws -> Bool {
    guard let metric = Metric.leading.first(where: { evaluation[$0] != nil }),
      let value = evaluation[metric], value > score?.value ?? -.infinity
    else { return false }
    let better = Score(step: step, figure: metric.key, value: value)
    try file.write(to: path)
    try JSONText.write(better, to: sidecar)
    score = better
    return true
  }
}
