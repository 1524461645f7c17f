import FunMatchDistillation
import FunMatchFiles
import FunMatchFrozen
import FunMatchImages
import FunMatchModels
import FunMatchONNX
import FunMatchRecipes
import FunMatchTorch

/// Teachers that are loaded.
struct LoadedTeachers {
  var teachers: [Teacher] = []
  /// What each computes with.
  var engines: [EngineChoice.Part] = []
  /// What is to be said of that: what was measured, and why some are not OpenVINO's, though they might be.
  var remarks: [String] = []
}

/// Loads the teachers that a recipe names.
struct TeacherLoader {
  let loader: NetworkLoader
  let recipe: SharedRecipe
  let device: Device
  /// What they compute with, if the run has begun; else what the recipe says, or what is measured.
  let chosen: EngineChoice?
  /// Where measurements are kept; the user's cache without it.
  let cacheFolder: String?

  /// All of them.
  ///
  /// - Parameter classes: how many classes one has if its weights are made up and nothing tells.
  /// - Throws: an error naming the file or the key.
  func teachers(classes: Int) throws -> LoadedTeachers {
    guard !recipe.teachers.isEmpty else {
      throw RecipeError(
        "\(loader.recipePath): distillation needs at least one entry under 'teachers'; "
          + "`funmatch train` learns from labels")
    }
    var loaded = LoadedTeachers()
    for place in recipe.teachers.indices { try load(place, classes: classes, into: &loaded) }
    guard Set(loaded.teachers.map(\.classes)).count == 1 else {
      throw RecipeError("the teachers have different numbers of classes")
    }
    return loaded
  }

  /// A network that is ready, and what is known of it.
  private struct Loaded {
    let frozen: Frozen
    let precision: Precision
    let identity: [String]
    let classNames: [String]
    var checksum: String
    var preprocessing: EvaluationPreprocessing?
    var remarks: [String] = []
  }

  private func load(_ place: Int, classes: Int, into loaded: inout LoadedTeachers) throws {
    let (teacher, key) = (recipe.teachers[place], "teachers.\(place)")
    let kept = chosen?.teachers[place]
    let way = EngineTimer.Way(
      engine: kept?.engine ?? recipe.engine, precision: kept?.precision ?? recipe.precision)
    let found: Loaded
    do {
      found =
        switch teacher.source {
        case .program(let program, let format): try self.program(program, format, way, key)
        case .onnx(let file): try onnx(file, way, teacher)
        case .weights(let path, let spec): try network(path, spec, way, teacher, key, classes)
        }
    } catch let error as TorchError {
      throw RecipeError("\(key): \(error)")
    }
    loaded.teachers.append(
      Teacher(
        found.frozen.network, resolution: teacher.resolution, weight: teacher.weight,
        precision: found.precision.dtype ?? .f32, device: device, classNames: found.classNames,
        preprocessing: found.preprocessing, checksum: found.checksum,
        identity: found.identity + found.frozen.identity, environment: found.frozen.environment))
    loaded.engines.append(.init(engine: found.frozen.engine, precision: found.precision))
    loaded.remarks +=
      found.remarks
      + [found.frozen.reason].compactMap(\.self).map {
        "libtorch computes: \($0)"
      }
  }

  private func program(
    _ program: ProgramRecipe, _ format: TorchProgram.Format, _ way: EngineTimer.Way, _ key: String
  ) throws -> Loaded {
    guard way.engine != .openvino else {
      throw TorchError("a program runs on libtorch, and engine is openvino")
    }
    return Loaded(
      frozen: Frozen(network: try loader.program(program, format, key: key), engine: .libtorch),
      // It computes in what it was saved with.
      precision: way.precision == .auto ? .f32 : way.precision,
      identity: ["program: \(try JSONText.line(program.input))"], classNames: program.classNames,
      checksum: try loader.checksum(program.path) ?? "none")
  }

  private func onnx(
    _ recipe: ONNXRecipe, _ way: EngineTimer.Way, _ teacher: TeacherRecipe
  ) throws -> Loaded {
    guard way.engine != .libtorch, device == .cpu else {
      throw TorchError(
        "OpenVINO computes ONNX files, on the CPU alone; engine is \(way.engine), the device \(device)"
      )
    }
    let openVINO = try OpenVINO.found.get()
    let file = try ONNXFile(loader.find(recipe.path))
    func build(_ way: EngineTimer.Way) throws -> ONNXClassifier {
      try ONNXClassifier(
        file, classes: recipe.classes, size: recipe.input.size, layout: recipe.input.layout,
        input: recipe.input.scaling, outputs: recipe.outputs,
        precision: way.precision.dtype ?? .f32, batchSize: self.recipe.imagesAtOnce,
        with: openVINO)
    }
    let (way, remarks) = try settled(
      way, EngineTimer.ways(.openvino, on: device), teacher, file.checksum
    ) {
      try build($0)
    }
    return Loaded(
      frozen: Frozen(network: try build(way), engine: .openvino), precision: way.precision,
      identity: ["onnx: \(try JSONText.line(recipe.input))"], classNames: recipe.classNames,
      checksum: file.checksum, remarks: remarks)
  }

  private func network(
    _ path: String, _ spec: ModelSpec?, _ way: EngineTimer.Way, _ teacher: TeacherRecipe,
    _ key: String, _ classes: Int
  ) throws -> Loaded {
    func read() throws -> ModelFile {
      try loader.teacher(path, spec, teacher, key: key, classes: classes)
    }
    func freeze(_ model: any Model, _ way: EngineTimer.Way) throws -> Frozen {
      try way.engine.freeze(
        model, height: teacher.resolution, width: teacher.resolution,
        precision: way.precision.dtype ?? .f32, batchSize: recipe.imagesAtOnce, device: device)
    }
    let file = try read()
    let (way, remarks) = try settled(
      way, EngineTimer.ways(way.engine, on: device), teacher, JSONText.line(file.spec)
    ) { try freeze(read().model, $0).network }
    return Loaded(
      frozen: try freeze(file.model, way), precision: way.precision,
      identity: [
        "model: \(try JSONText.line(file.spec))", "input: \(try JSONText.line(file.model.input))",
      ], classNames: file.classNames, checksum: try loader.checksum(path) ?? "none",
      // At the size that it teaches at, whatever else its file may say.
      preprocessing: file.preprocessing.flatMap { $0.crop == teacher.resolution ? $0 : nil },
      remarks: remarks)
  }

  /// A way without `auto`, measured where it has to be, and what is to be said of that.
  private func settled(
    _ way: EngineTimer.Way, _ ways: [EngineTimer.Way], _ teacher: TeacherRecipe, _ name: String,
    _ build: (EngineTimer.Way) throws -> any Classifier
  ) throws -> (way: EngineTimer.Way, remarks: [String]) {
    guard way.precision == .auto else { return (way, []) }
    let timer = EngineTimer(
      device: device, resolution: teacher.resolution, count: recipe.imagesAtOnce,
      cacheFolder: cacheFolder)
    let choice = try timer.teacher(ways, named: name, build)
    return (choice.way, [choice.words])
  }
}
