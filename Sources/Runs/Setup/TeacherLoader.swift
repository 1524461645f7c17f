import FunMatchBanks
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
  var engines: [Computation] = []
  /// What calibration found of those in int8, by `scales` of their computations.
  var calibrations: [String: Int8Network.Findings] = [:]
  /// What is to be said of that: what was measured, and why some are not OpenVINO's, though they might be.
  var remarks: [String] = []
  /// What makes it likely that the recipe is wrong about them.
  var warnings: [String] = []
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
  /// What share of the usual time measuring may take.
  var measuringShare = 1.0
  /// Views such as a teacher is shown, for calibration: so many, at a resolution.
  let views: (_ resolution: Int, _ count: Int) throws -> Tensor

  /// All of them. Where what computes them was measured, and logits are kept that something else computed, that does.
  ///
  /// - Parameters:
  ///   - classes: how many classes one has if its weights are made up and nothing tells.
  ///   - kept: what computed the logits that are kept of the teachers' views, if not they.
  /// - Throws: an error naming the file or the key.
  func teachers(
    classes: Int, like kept: ([Teacher]) throws -> [Computation]?
  ) throws -> LoadedTeachers {
    let loaded = try teachers(classes: classes)
    guard recipe.precision == .auto, chosen == nil, let kept = try kept(loaded.teachers),
      zip(kept, recipe.teachers).allSatisfy(isPossible)
    else { return loaded }
    var again = try TeacherLoader(
      loader: loader, recipe: recipe, device: device,
      chosen: EngineChoice(teachers: kept, student: .auto), cacheFolder: cacheFolder,
      measuringShare: measuringShare, views: views
    ).teachers(classes: classes)
    // Calibrated elsewhere, int8 has other ranges.
    guard again.engines.map(\.scales) == kept.map(\.scales) else { return loaded }
    again.remarks.append(
      "logits of these views are kept, so that teachers compute as theirs did: "
        + kept.map(\.description).joined(separator: ", "))
    return again
  }

  /// Whether the recipe, and this machine, leave a teacher such a way.
  private func isPossible(_ way: Computation, _ teacher: TeacherRecipe) -> Bool {
    way.precision == .int8
      ? teacher.int8.allow && Int8Network.reason(recipe.engine, device) == nil
      : EngineTimer.ways(recipe.engine, on: device).contains(way)
  }

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
    var frozen: Frozen
    let precision: Precision
    let identity: [String]
    var classNames: [String]
    var checksum: String
    var preprocessing: EvaluationPreprocessing?
    var remarks: [String] = []
    /// In int8: SHA-256 of its ranges, and what calibration found.
    var scales: String?
    var findings: Int8Network.Findings?
  }

  private func load(_ place: Int, classes: Int, into loaded: inout LoadedTeachers) throws {
    let (teacher, key) = (recipe.teachers[place], "teachers.\(place)")
    let kept = chosen.flatMap { $0.teachers.indices.contains(place) ? $0.teachers[place] : nil }
    let way = Computation(
      engine: kept?.engine ?? recipe.engine, precision: kept?.precision ?? recipe.precision)
    var found: Loaded
    do {
      found =
        switch teacher.source {
        case .program(let program, let format): try self.program(program, format, way, key)
        case .onnx(let file): try onnx(file, way, teacher)
        case .weights(let path, let spec):
          try network(
            path, spec, way, teacher, key, classes,
            scales: kept?.scales)
        }
      if let head = teacher.head { try add(head, to: &found, teacher) }
    } catch let error as TorchError {
      throw RecipeError("\(key): \(error)")
    }
    loaded.teachers.append(
      Teacher(
        found.frozen.network, resolution: teacher.resolution, weight: teacher.weight,
        precision: found.precision.dtype ?? .f32, device: device, classNames: found.classNames,
        preprocessing: found.preprocessing, checksum: found.checksum,
        identity: found.identity + found.frozen.identity, environment: found.frozen.environment))
    loaded.engines.append(
      Computation(
        engine: found.frozen.engine, precision: found.precision, scales: found.scales))
    if let teacher = loaded.teachers.last { loaded.warnings += try warnings(teacher, place) }
    if let scales = found.scales { loaded.calibrations[scales] = found.findings }
    loaded.remarks +=
      found.remarks
      + [found.frozen.reason].compactMap(\.self).map {
        "libtorch computes: \($0)"
      }
  }

  /// What makes it likely that the recipe is wrong about a teacher: its scaling, and outputs that are no logits.
  private func warnings(_ teacher: Teacher, _ place: Int) throws -> [String] {
    let (said, key) = (recipe.teachers[place], "teachers.\(place)")
    let program = said.torchscript ?? said.aotinductor
    let input = said.input ?? program?.input.scaling ?? said.onnx?.input.scaling
    var warnings = [input?.warning].compactMap(\.self).map { "\(key).input: \($0)" }
    guard program != nil || said.onnx != nil, (program?.outputs ?? said.onnx?.outputs) == nil
    else { return warnings }
    let logits = teacher(try views(teacher.resolution, Self.looked).to(device)).to(.cpu)
    if let likely = ClassifierOutputs.likely(logits) {
      warnings.append(
        "\(key): what \(said.path) gives of images looks like \(likely.words) and is taken for logits; say `outputs: "
          + "\(likely.rawValue)`, or `outputs: logits` if that is what it gives")
    }
    return warnings
  }

  private static let looked = 8

  /// Puts the last layer of a file behind a program or an ONNX file.
  private func add(_ path: String, to loaded: inout Loaded, _ teacher: TeacherRecipe) throws {
    let file = try loader.findFile(path)
    let head = try ProgramHead(path: file)
    guard head.origin == (try teacher.headOrigin(checksum: loaded.checksum)) else {
      throw TorchError(
        "\(path): was fitted to another program, or to other images: it expects a file of SHA-256 "
          + "\(head.origin.program), input \(head.origin.input), outputs: \(head.origin.outputs.rawValue)"
      )
    }
    let network = try HeadedClassifier(loaded.frozen.network, head, on: device, path: path)
    loaded.frozen = Frozen(
      network: network, engine: loaded.frozen.engine, reason: loaded.frozen.reason)
    loaded.classNames = head.classNames
    // As of any network that lies in several files.
    loaded.checksum = Checksum.sha256(
      of: [loaded.checksum, try Checksum.sha256(file: file)].joined(separator: "\n"))
  }

  private func program(
    _ program: ProgramRecipe, _ format: TorchProgram.Format, _ way: Computation, _ key: String
  ) throws -> Loaded {
    guard way.engine != .openvino else {
      throw TorchError("a program runs on libtorch, and engine is openvino")
    }
    return Loaded(
      frozen: Frozen(network: try loader.program(program, format, key: key), engine: .libtorch),
      // It computes in what it was saved with.
      precision: Precision(way.precision.dtype ?? .f32),
      identity: ["program: \(try JSONText.line(program.input))"] + outputs(program.outputs),
      classNames: program.classNames,
      checksum: try loader.checksum(program.path) ?? "none")
  }

  private func onnx(
    _ recipe: ONNXRecipe, _ way: Computation, _ teacher: TeacherRecipe
  ) throws -> Loaded {
    guard way.engine != .libtorch, device == .cpu else {
      throw TorchError(
        "OpenVINO computes ONNX files, on the CPU alone; engine is \(way.engine), the device \(device)"
      )
    }
    let openVINO = try OpenVINO.found.get()
    let file = try ONNXFile(loader.findFile(recipe.path))
    func build(_ way: Computation, _ batchSize: Int) throws -> ONNXClassifier {
      try ONNXClassifier(
        file, classes: recipe.classes, size: recipe.input.size, layout: recipe.input.layout,
        input: recipe.input.scaling, outputs: recipe.outputs,
        precision: way.precision.dtype ?? .f32, batchSize: batchSize, with: openVINO)
    }
    var wanted = way
    var notes: [String] = []
    if way.precision == .int8
      || !(way.precision == .auto || Engine.openVINOComputes(in: way.precision.dtype))
    {
      notes.append("an ONNX file computes in f32, not in \(way.precision)")
      wanted = Computation(engine: .openvino, precision: .f32)
    }
    let (settledWay, remarks) = try settled(
      wanted, EngineTimer.ways(.openvino, on: device), teacher, file.checksum, build)
    let network = try build(settledWay, loader.batchSize)
    guard recipe.classNames.isEmpty || recipe.classNames.count == network.classes else {
      throw TorchError(
        "\(file.path): has \(network.classes) classes, and classNames names \(recipe.classNames.count)"
      )
    }
    return Loaded(
      frozen: Frozen(network: network, engine: .openvino), precision: settledWay.precision,
      identity: ["onnx: \(try JSONText.line(recipe.input))"] + outputs(recipe.outputs),
      classNames: recipe.classNames,
      checksum: file.checksum, remarks: notes + remarks)
  }

  private func network(
    _ path: String, _ spec: ModelSpec?, _ way: Computation, _ teacher: TeacherRecipe,
    _ key: String, _ classes: Int, scales kept: String?
  ) throws -> Loaded {
    // Read once, and again where several ways are tried.
    var ready: ModelFile? = try loader.teacher(path, spec, teacher, key: key, classes: classes)
    func model() throws -> any Model {
      defer { ready = nil }
      return try ready?.model
        ?? loader.teacher(path, spec, teacher, key: key, classes: classes).model
    }
    func freeze(_ way: Computation, _ batchSize: Int) throws -> Frozen {
      try way.engine.freeze(
        model(), height: teacher.resolution, width: teacher.resolution,
        precision: way.precision.dtype ?? .f32, batchSize: batchSize, device: device)
    }
    guard let file = ready else { throw TorchError("there is no network") }
    let shape = try JSONText.line(file.spec)
    let input = try JSONText.line(file.model.input)
    let (classNames, preprocessing) = (file.classNames, file.preprocessing)
    let checksum = try loader.checksum(path) ?? "none"
    var costs: [String] = []
    let int8 = Int8Teacher(
      teacher: teacher,
      name: [checksum, shape, input] + teacher.placeInFile, mixup: recipe.views.mixup > 0,
      views: views,
      folder: (cacheFolder ?? CacheFolder.user) + "/int8", checksum: kept,
      known: kept.flatMap { chosen?.calibrations[$0] },
      tell: { costs.append($0) })
    var ways = EngineTimer.ways(way.engine, on: device)
    if teacher.int8.allow, Int8Network.reason(way.engine, device) == nil {
      ways.append(Computation(engine: .openvino, precision: .int8))
    }
    var (way, remarks) = try settled(way, ways, teacher, shape) { way, batchSize in
      way.precision == .int8
        ? try int8.network(model, batchSize).network : try freeze(way, batchSize).network
    }
    if way.precision == .int8, let reason = Int8Network.reason(way.engine, device) {
      remarks.append("teacher computes in f32: \(reason)")
      way = Computation(engine: way.engine, precision: .f32)
    }
    let frozen: Frozen
    var identity = ["model: \(shape)", "input: \(input)"]
    var (scales, findings) = (String?.none, Int8Network.Findings?.none)
    if way.precision == .int8 {
      let network = try int8.network(model, loader.batchSize)
      let sum = try network.findings.checksum()
      frozen = Frozen(network: network.network, engine: .openvino)
      (scales, findings) = (sum, network.findings)
      identity.append("int8: \(sum)")
      remarks.append((costs + [int8.words(network.findings)]).joined(separator: "; "))
    } else {
      frozen = try freeze(way, loader.batchSize)
    }
    return Loaded(
      frozen: frozen, precision: way.precision, identity: identity, classNames: classNames,
      checksum: checksum,
      // At the size that it teaches at, whatever else its file may say.
      preprocessing: preprocessing.flatMap { $0.crop == teacher.resolution ? $0 : nil },
      remarks: remarks, scales: scales, findings: findings)
  }

  /// What logits depend on beside a file and its input.
  private func outputs(_ outputs: ClassifierOutputs?) -> [String] {
    outputs == nil || outputs == .logits ? [] : ["outputs: \(outputs?.rawValue ?? "")"]
  }

  /// A way without `auto`, measured where it has to be, and what is to be said of that.
  private func settled(
    _ way: Computation, _ ways: [Computation], _ teacher: TeacherRecipe, _ name: String,
    _ build: (Computation, Int) throws -> any Classifier
  ) throws -> (way: Computation, remarks: [String]) {
    guard way.precision == .auto else { return (way, []) }
    if ways.isEmpty { _ = try OpenVINO.found.get() }
    let timer = EngineTimer(
      device: device, resolution: teacher.resolution, count: loader.batchSize,
      limit: EngineTimer.limit(teachers: recipe.teachers.count) * measuringShare,
      cacheFolder: cacheFolder)
    let choice = try timer.teacher(ways, named: name, build)
    var remarks = [choice.words]
    if way.engine == .auto, device == .cpu, case .failure(let reason) = OpenVINO.found {
      remarks.append("libtorch computes: \(reason)")
    }
    return (choice.way, remarks)
  }
}
