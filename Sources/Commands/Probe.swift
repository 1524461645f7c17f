import ArgumentParser
import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchFiles
import FunMatchImages
import FunMatchModels
import FunMatchRecipes
import FunMatchRuns
import FunMatchSettings
import FunMatchTorch
import FunMatchViews

/// `funmatch probe`: a teacher for own classes from a frozen network, in minutes.
struct Probe: RegistryCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a teacher for own classes from a pretrained network, in minutes.",
    discussion: """
      The network stays as it is: its features of every image, and of its mirror image, are computed once and kept in the \
      cache (FUNMATCH_CACHE), and a multinomial logistic head is fitted to them, whose regularisation and temperature are \
      chosen on validation images. Features lie on disk in 4 bytes a value, and up to 1 GB of them in memory; of more, a \
      part is read at a time.

      In place of a model file, MODEL may be a program or an ONNX file as a recipe names it, such as \
      'torchscript: {path: net.pt, classes: 768, trusted: true, input: {size: 224}}', classes being the number of its \
      outputs; these are the features, and the head alone is written, for `head` beside the same words in a recipe.
      """)

  @Argument(help: "A model file (.safetensors) written by this tool, or a program in YAML.")
  var model: String

  @Option(
    help: "Images with labels, such as folder:birds:train; the training split if none is named.")
  var data: String

  @Option(
    help: """
      Images with labels to choose regularisation and temperature on; without it a fifth of --data, by the SHA-256 of \
      the images' names.
      """)
  var validation: String?

  @Option(
    help:
      "Input size in pixels; as the model file tells without it. As much of each image is shown as there."
  )
  var resolution: Int?

  @Option(help: "The file to write, .safetensors.")
  var output: String

  @Option(help: "Random crops of each training image (25 to 100 % of its area), beside the whole.")
  var views = 0

  @Flag(
    inversion: .prefixedNo,
    help: "Learn from mirror images, too; not for letters and the like.")
  var flip = true

  @Flag(help: "Take the means of the classes' features in place of logistic regression.")
  var prototypes = false

  @Option(help: "Images a forward pass.")
  var batchSize = 64

  @Flag(help: "Write one JSON object, in one line, and nothing else.")
  var json = false

  @OptionGroup var labels: LabelOptions

  @OptionGroup var decoding: DecodingOptions

  @OptionGroup var images: DataOptions

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var inference: InferenceOptions

  func validate() throws {
    guard (1...EvaluationPreprocessing.largestSide).contains(resolution ?? 1) else {
      throw ValidationError(
        "--resolution must be between 1 and \(EvaluationPreprocessing.largestSide)")
    }
    guard (0...1000).contains(views) else {
      throw ValidationError("--views must be between 0 and 1000")
    }
    guard (1...1 << 20).contains(batchSize) else {
      throw ValidationError("--batch-size must be between 1 and 1048576")
    }
  }

  func run(_ registry: Registry) throws {
    let device = try inference.place.resolve()
    let folder = (output as NSString).deletingLastPathComponent
    guard folder.isEmpty || FileManager.default.fileExists(atPath: folder) else {
      throw RecipeError("\(output): there is no folder '\(folder)' to write it to")
    }
    StopSignal.install()
    do {
      try isProgram ? probeProgram(device, registry) : probeModel(device, registry)
    } catch is CancellationError {
      Terminal().say("stopped; \(output) is not written")
    }
  }

  /// Whether the words of a recipe stand in place of a path.
  private var isProgram: Bool {
    model.prefixMatch(of: /\s*\{?\s*(?:torchscript|aotinductor|onnx)\s*:/) != nil
  }

  private var loader: LoaderOptions {
    LoaderOptions(workers: loading.threads, decoder: decoding.decoder)
  }

  private func opened(_ registry: Registry) throws -> ProbeImages {
    let datasets = images.datasets(registry)
    var parts = [(try datasets.open(DatasetReference(data), usually: "train"), data)]
    if let validation {
      let reference = try DatasetReference(validation)
      parts.append((try datasets.open(reference, usually: "validation"), validation))
    }
    let whole = try zip(labels.renamed(parts), parts).map { try self.whole($0, called: $1.1) }
    let opened = try ProbeImages(
      whole[0], called: data, validation: validation.map { (dataset: whole[1], name: $0) })
    for remark in opened.remarks { Terminal().say(remark) }
    return opened
  }

  /// The images that can be decoded; the others are named.
  private func whole(_ dataset: any Dataset, called name: String) throws -> any Dataset {
    var loader = loader
    loader.broken = BrokenImages(labels.rule)
    let line = CountLine()
    defer { line.clear() }
    let whole = try ProbeImages.whole(
      of: dataset, called: name, loader,
      show: { line.show("decoding \(name)", $0, of: dataset.count, "images") },
      shouldStop: { StopSignal.isRequested })
    line.clear()
    for report in loader.broken.takeReports() { Terminal().say("skipped: \(report)") }
    return whole
  }

  private func probeModel(_ device: Device, _ registry: Registry) throws {
    let file = try ModelFile(path: model, registry: registry)
    let preprocessing = try preprocessing(file)
    let opened = try opened(registry)
    let features = try file.features()
    let network = try inference.freeze(
      features, height: preprocessing.crop, width: preprocessing.crop,
      preprocessing: { preprocessing }, batchSize: batchSize, device: device,
      images.datasets(registry), loader)
    let probed = try ProbeNetwork(
      network, precision: inference.precision.dtype, of: model,
      calibration: inference.calibrate.map {
        (
          images: try images.datasets(registry).open(DatasetReference($0), usually: "train"),
          decoder: decoding.decoder
        )
      })
    let (head, report) = try probe(probed, preprocessing, opened, device)
    try file.replacingHead(
      weight: head.weight.to(.f32), bias: head.bias.to(.f32), classNames: opened.classNames,
      preprocessing: preprocessing
    ).write(to: output)
    try tell(report, "teacher")
  }

  private func probeProgram(_ device: Device, _ registry: Registry) throws {
    let teacher: TeacherRecipe = try RecipeFile.value(model, "MODEL", registry: registry)
    try teacher.validate(at: "MODEL")
    guard resolution == nil || resolution == teacher.resolution else {
      throw RecipeError(
        "--resolution: the network looks at \(teacher.resolution) pixels, as its input says")
    }
    guard inference.precision != .int8 else {
      throw RecipeError("--precision int8 is for model files, not for programs and ONNX files")
    }
    let preprocessing = EvaluationPreprocessing.usual(teacher.resolution)
    let opened = try opened(registry)
    let probed = try ProbeNetwork(
      program: teacher, engine: inference.engine.engine,
      precision: Precision(inference.precision.dtype), device: device, batchSize: batchSize,
      registry: registry
    ) { resolution, count in
      let source = try EvaluationSource(
        SpreadDataset(opened.training.dataset, count: count), .usual(resolution),
        batchSize: count, options: loader)
      return Batch.scaled(try source.batch(0).pixels, device: .cpu)
    }
    for remark in probed.remarks { Terminal().say(remark) }
    let (head, report) = try probe(probed, preprocessing, opened, device)
    guard let origin = probed.origin else { preconditionFailure("a program has an origin") }
    try ProgramHead(
      weight: head.weight.to(.f32), bias: head.bias.to(.f32), classNames: opened.classNames,
      origin: origin
    ).write(to: output)
    try tell(report, "head")
  }

  private func probe(
    _ network: ProbeNetwork, _ preprocessing: EvaluationPreprocessing, _ opened: ProbeImages,
    _ device: Device
  ) throws -> (head: ProbeHead, report: ProbeReport) {
    try ProbeRun(
      FeatureExtractor(
        network.network, precision: network.precision, preprocessing, batchSize: batchSize,
        device: device, loading: loader),
      FeatureCache(), identity: network.identity, views: .init(flip: flip, crops: views),
      prototypes: prototypes, line: CountLine(), shouldStop: { StopSignal.isRequested }
    ).run(opened)
  }

  private func preprocessing(_ file: ModelFile) throws -> EvaluationPreprocessing {
    guard let resolution else { return try file.knownPreprocessing(model) }
    if let only = file.spec.network.fixedResolution, only != resolution {
      throw RecipeError("--resolution: the network looks at \(only) pixels only")
    }
    let usual = file.preprocessing ?? file.spec.network.usualPreprocessing
    return usual?.scaled(to: resolution) ?? .usual(resolution)
  }

  private func tell(_ report: ProbeReport, _ what: String) throws {
    if json { return print(try JSONText.line(report)) }
    print(report.text)
    print("\(what): \(output)")
  }
}
