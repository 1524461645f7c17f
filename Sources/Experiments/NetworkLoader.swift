import Foundation
import FunMatchModels
import FunMatchTorch

/// Finds and builds the networks that a recipe names.
struct NetworkLoader {
  /// The recipe's file: weights are looked for beside it first.
  let recipePath: String

  /// A file named in a recipe: relative to the recipe, then to the folder `FUNMATCH_WEIGHTS`.
  ///
  /// - Throws: `ExperimentError` saying where it was looked for.
  func find(_ weights: String) throws -> String {
    if weights.hasPrefix("/") {
      guard FileManager.default.fileExists(atPath: weights) else {
        throw ExperimentError("\(weights): there is no such file")
      }
      return weights
    }
    let folder = URL(fileURLWithPath: recipePath).deletingLastPathComponent().path
    let folders =
      [folder] + [ProcessInfo.processInfo.environment["FUNMATCH_WEIGHTS"]].compactMap { $0 }
    guard
      let found = folders.map({ $0 + "/" + weights })
        .first(where: FileManager.default.fileExists(atPath:))
    else {
      throw ExperimentError(
        "\(weights): there is no such file in \(folders.joined(separator: " or "))"
          + (folders.count == 1 ? " (FUNMATCH_WEIGHTS can name another folder)" : ""))
    }
    return found
  }

  /// A network with the weights that the recipe names.
  ///
  /// - Throws: an error naming the file or the key `key`.
  func load(_ network: Recipe.Network, weights: String, key: String) throws -> ModelFile {
    let path = try find(weights)
    guard let spec = network.model else { return try ModelFile(path: path) }
    do {
      return try WeightImport(path: path, spec: spec).file
    } catch let error as TorchError {
      throw ExperimentError("\(key): \(error)")
    }
  }

  /// The network to train: with given weights, or fresh ones drawn from `seed`.
  ///
  /// - Parameter classes: how many classes it must have.
  func student(_ network: Recipe.Network, classes: Int, seed: UInt64) throws -> ModelFile {
    let file: ModelFile
    if let weights = network.weights {
      file = try load(network, weights: weights, key: "student")
    } else {
      guard var spec = network.model else {
        throw ExperimentError("student.model is missing; without weights nothing else tells it")
      }
      spec.classes = spec.classes ?? classes
      file = ModelFile(model: try spec.build(seed: seed), spec: spec)
    }
    guard file.model.classes == classes else {
      throw ExperimentError(
        "the student has \(file.model.classes) classes, the teachers or labels \(classes)")
    }
    return file
  }
}
