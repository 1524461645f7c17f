import Foundation
import FunMatchFiles
import FunMatchRecipes

/// A checkpoint of a run that may go on meanwhile and remove it: its file is open, so that it can be read to its end.
final class HeldCheckpoint {
  /// What is known of it.
  let description: Checkpoint.Description
  private let path: String
  private let file: InputFile

  private init(_ path: String, _ description: Checkpoint.Description, _ file: InputFile) {
    (self.path, self.description, self.file) = (path, description, file)
  }

  /// Takes hold of the checkpoint of a step, or of the newest. What vanishes before it is open is looked for again, and so
  /// are all: where a run keeps one only, its name may have been read just before there was the next.
  ///
  /// - Parameter run: the run's folder, for errors.
  /// - Throws: `RecipeError` naming the steps of those that there are.
  static func hold(step: Int?, in folder: String, of run: String) throws -> HeldCheckpoint {
    for _ in 0..<attempts {
      let paths = Checkpoint.list(folder)
      guard !paths.isEmpty else { continue }
      let steps = paths.map { "\(Checkpoint.number($0))" }
      guard let path = paths.last(where: { step == nil || Checkpoint.number($0) == step }) else {
        throw RecipeError(
          "\(run): no checkpoint of step \(step ?? 0) was kept; there are those of steps "
            + "\(steps.joined(separator: ", ")) (checkpoints.at keeps others)")
      }
      // In this order: a description without a file is one that is being removed.
      guard
        let description = JSONText.read(
          Checkpoint.sidecar(path), as: Checkpoint.Description.self),
        let file = try? InputFile(path)
      else { continue }
      return HeldCheckpoint(path, description, file)
    }
    throw RecipeError("\(run): has no checkpoint to branch from")
  }

  /// How often what vanishes is looked for.
  static let attempts = 100

  /// Checks that it is whole.
  ///
  /// - Throws: `RecipeError` when it is damaged, `FileError` when it cannot be read.
  func verify() throws {
    var sum = RunningChecksum()
    try forEachPiece { $0.withUnsafeBytes { sum.update($0) } }
    guard sum.text == description.sha256 else {
      throw RecipeError(
        "\(path): is damaged: its SHA-256 is not that of the file beside it; RUN@STEP names another one"
      )
    }
  }

  /// Writes it as a checkpoint of another folder's run.
  ///
  /// - Throws: `FileError` when it cannot be read or written.
  func copy(to folder: String) throws {
    let target = "\(folder)/\(Checkpoint.name(description.step)).safetensors"
    try AtomicFile.write(to: target) { copy in try forEachPiece { try copy.append($0) } }
    var own = description
    own.run = Checkpoint.run(of: folder)
    try JSONText.write(own, to: Checkpoint.sidecar(target))
  }

  private func forEachPiece(_ body: ([UInt8]) throws -> Void) throws {
    let length = 1 << 24
    for start in stride(from: 0, to: file.size, by: length) {
      try body(file.read(at: start, count: min(length, file.size - start)))
    }
  }
}
