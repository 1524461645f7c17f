import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchModels
import FunMatchRecipes
import FunMatchSettings
import FunMatchTorch

/// Finds and builds the networks that a recipe names.
package struct NetworkLoader {
  /// The recipe's file: weights are looked for beside it first.
  package let recipePath: String
  /// What names of networks are looked up in.
  let registry: Registry
  /// Whether fresh weights stand in for files that are not there: for a recipe that is tried out.
  let inventsMissing: Bool
  /// Where programs run.
  let device: Device
  /// How many images they are given at once.
  let batchSize: Int

  package init(
    recipePath: String, registry: Registry = .standard, inventsMissing: Bool = false,
    device: Device = .cpu, batchSize: Int = 2
  ) {
    (self.recipePath, self.registry, self.inventsMissing) = (recipePath, registry, inventsMissing)
    (self.device, self.batchSize) = (device, batchSize)
  }

  /// A file named in a recipe: relative to the recipe, then to the folder `FUNMATCH_WEIGHTS`, without
  /// which it is `weights`, where `funmatch data fetch` puts them. `hf:OWNER/NAME` is the folder of that model there,
  /// fetched if it is nowhere, unless fresh weights may stand in for it.
  ///
  /// - Throws: `RecipeError` saying where it was looked for, or why it cannot be fetched.
  package func find(_ weights: String) throws -> String {
    if HubReference.isMeant(by: weights) { return try model(weights) }
    if weights.hasPrefix("/") {
      guard FileManager.default.fileExists(atPath: weights) else {
        throw RecipeError("\(weights): there is no such file")
      }
      return weights
    }
    let folder = URL(fileURLWithPath: recipePath).deletingLastPathComponent().path
    let named = ProcessInfo.processInfo.environment["FUNMATCH_WEIGHTS"] ?? ""
    let folders = [folder, PublishedWeights.folder]
    let hint =
      PublishedWeights.known.contains { $0.name + ".npz" == weights }
      ? "; `funmatch data fetch \((weights as NSString).deletingPathExtension)` brings it" : ""
    guard
      let found = folders.map({ $0 + "/" + weights })
        .first(where: FileManager.default.fileExists(atPath:))
    else {
      throw RecipeError(
        "\(weights): there is no such file in \(Set(folders).sorted().joined(separator: " or "))"
          + hint
          + (named.isEmpty ? " (FUNMATCH_WEIGHTS can name another folder)" : ""))
    }
    return found
  }

  /// The folder of a model of Hugging Face.
  private func model(_ weights: String) throws -> String {
    let beside = URL(fileURLWithPath: recipePath).deletingLastPathComponent().path
    let models = HubModels(folder: PublishedWeights.folder, others: [beside]) { line in
      Terminal().say(line)
    }
    do {
      let reference = try HubReference(weights)
      guard inventsMissing else { return try models.find(reference) }
      guard let found = try models.local(reference) else {
        throw RecipeError("\(weights): is not here")
      }
      return found
    } catch let error as DatasetError {
      throw RecipeError(error.description)
    }
  }

  /// A file named in a recipe, where no model of Hugging Face can be meant.
  ///
  /// - Throws: `RecipeError` saying where it was looked for.
  package func findFile(_ path: String) throws -> String {
    guard !HubReference.isMeant(by: path) else {
      throw RecipeError("\(path): hf: is for 'weights' alone, expected a file")
    }
    return try find(path)
  }

  /// Whether the weights are not there, and fresh ones shall stand in for them.
  package func invents(_ weights: String?) -> Bool {
    inventsMissing && weights.map { (try? find($0)) == nil } == true
  }

  /// SHA-256 of a file of weights, or of the several that they are in; `none` where fresh ones stand in for them; `nil` without a name.
  package func checksum(_ weights: String?) throws -> String? {
    guard let weights else { return nil }
    return invents(weights) ? "none" : try WeightFiles(find(weights)).checksum()
  }

  /// A teacher with the weights that the recipe names.
  ///
  /// - Parameter classes: how many classes it has if its weights are made up and nothing tells.
  /// - Throws: an error naming the file or the key `key`.
  func teacher(
    _ weights: String, _ model: ModelSpec?, _ teacher: TeacherRecipe, key: String, classes: Int
  ) throws -> ModelFile {
    let file =
      try invents(weights)
      ? invented(model, classes: max(classes, 1), key: key)
      : load(
        weights, model, WeightOptions(key: teacher.key, prefix: teacher.prefix), key: key)
    guard !file.hasUntrainedHead else {
      throw RecipeError(
        "\(key): \(weights) has a head that is new and untrained, of which there is nothing to learn"
      )
    }
    return try completed(file, teacher.input, resolution: teacher.resolution, key: key)
  }

  /// A teacher that is a program.
  ///
  /// - Throws: an error naming the file or the key `key`.
  func program(
    _ program: ProgramRecipe, _ format: TorchProgram.Format, key: String
  ) throws -> ProgramClassifier {
    do {
      let torch = try TorchProgram(
        path: findFile(program.path), format: format, device: device, batchSize: program.batchSize)
      return try ProgramClassifier(
        torch, classes: program.classes, size: program.input.size, layout: program.input.layout,
        input: program.input.scaling, outputs: program.outputs ?? .logits, batchSize: batchSize)
    } catch let error as TorchError {
      throw RecipeError("\(key): \(error)")
    }
  }

  /// A teacher whose weights are made up.
  private func invented(_ model: ModelSpec?, classes: Int, key: String) throws -> ModelFile {
    let file = try fresh(model, classes: classes, key: key, seed: 1)
    // Not zeros, from which a student would have nothing to learn.
    Torch.withSeed(2) {
      for parameter in file.model.head {
        parameter.value.copy(from: Tensor.randn(parameter.value.shape) * 0.02)
      }
    }
    return file
  }

  /// The network to train: with given weights, or fresh ones drawn from `seed`.
  ///
  /// - Parameter classes: how many classes it must have.
  func student(
    _ student: StudentRecipe, resolution: Int, classes: Int, seed: UInt64
  ) throws -> ModelFile {
    let file: ModelFile
    if let weights = student.weights, !invents(weights) {
      var options = WeightOptions(key: student.key, prefix: student.prefix)
      switch student.head {
      case .keep: file = try load(weights, student.model, options, key: "student")
      case .reset:
        if let own = student.model?.classes, own != classes {
          throw RecipeError(
            "student.model: its \(own) classes are not the \(classes) of the teachers or labels")
        }
        options.newHead = classes
        file = try load(weights, student.model?.headless, options, key: "student")
      }
    } else {
      file = try fresh(student.model, classes: classes, key: "student", seed: seed)
    }
    guard file.model.classes == classes else {
      throw RecipeError(
        "the student has \(file.model.classes) classes, the teachers or labels \(classes)"
          + (student.weights == nil ? "" : " (student.head: reset gives it a new head)"))
    }
    return try completed(file, student.input, resolution: resolution, key: "student")
  }

  /// The same with what the recipe says of its images.
  ///
  /// - Throws: `RecipeError` when the network cannot look at such images.
  private func completed(
    _ file: ModelFile, _ input: InputScaling?, resolution: Int, key: String
  ) throws -> ModelFile {
    if let input { file.model.input = input }
    if let only = file.spec.network.fixedResolution, only != resolution {
      throw RecipeError(
        "\(key).resolution: the network looks at \(only) pixels only, not at \(resolution)")
    }
    return file
  }

  private func load(
    _ weights: String, _ spec: ModelSpec?, _ options: WeightOptions, key: String
  ) throws -> ModelFile {
    let path = try find(weights)
    do {
      return try WeightImport(path: path, spec: spec, options: options, registry: registry).file
    } catch {
      throw RecipeError("\(key): \(error)")
    }
  }

  private func fresh(
    _ spec: ModelSpec?, classes: Int, key: String, seed: UInt64
  ) throws -> ModelFile {
    guard var spec else {
      throw RecipeError(
        "\(key).model is missing; without weights, or with a file that is not here, nothing else tells it"
      )
    }
    spec.classes = spec.classes ?? classes
    return ModelFile(model: try spec.build(seed: seed), spec: spec)
  }
}
