import FunMatchFiles
import FunMatchSettings
import FunMatchTorch

/// Weights of a published network, in one of the layouts that its family is found in.
public struct WeightImport {
  /// What the layout is called, such as `timm`.
  public let layout: String
  /// What was found out, or said, of where the weights are: `key model_ema`, `prefix model.`, `head classifier.1`.
  public let places: [String]
  /// The network with the file's weights.
  public let file: ModelFile

  /// Reads weights into a new network. What `spec` leaves open is taken from the file: the number of
  /// classes from its head; what else is open from its metadata where this tool wrote it, else from
  /// its layout. In a folder with a `config.json` of timm, that tells the network, what its images are to be and
  /// the names of its classes.
  ///
  /// - Parameters:
  ///   - path: a file, the index of shards, or a folder that holds either under Hugging Face's names.
  ///   - spec: which network; without it, the one whose names and shapes the file's are.
  ///   - options: what else is said of the file.
  ///   - registry: which families of networks there are.
  /// - Throws: `FileError` when the file is damaged, does not fit, was written by this tool for
  ///   another network, fits no network that is known, or has no head.
  public init(
    path: String, spec: ModelSpec?, options: WeightOptions = WeightOptions(),
    registry: Registry = .standard
  ) throws {
    let source = try WeightSource(path, options, registry)
    let config = source.config
    let recognition = WeightRecognition(source, newHead: options.newHead, registry)
    let match =
      try (spec ?? config?.spec(registry)).map { try recognition.completed($0) }
      ?? recognition.recognised()
    let chosen = match.spec
    if let config, options.newHead == nil, spec?.classes == nil, let told = config.classes,
      told != chosen.classes
    {
      throw FileError(
        "\(config.path): says \(told) classes, and the head of the weights has \(chosen.classes ?? 0)"
      )
    }
    let model = try chosen.buildWithoutValues()
    try model.store.adopt(match.layout.resize(match.arrays, model), from: path)
    model.input =
      try options.input ?? source.card?.input ?? config?.scaling ?? match.layout.input
      ?? chosen.network.usualInput
    layout = match.layout.name
    places =
      (source.key.map { ["key \($0)"] } ?? [])
      + (source.prefix.isEmpty ? [] : ["prefix \(source.prefix)"])
      + (match.head.map { ["head \($0)"] } ?? [])
    let keepsHead = options.newHead == nil
    file = ModelFile(
      model: model, spec: chosen,
      classNames: keepsHead
        ? try source.card?.classNames ?? config?.classNames(model.classes) ?? [] : [],
      preprocessing: try source.card?.preprocessing
        ?? (options.ignoresPreprocessing ? nil : config?.preprocessing),
      hasUntrainedHead: !keepsHead || source.card?.hasUntrainedHead == true)
  }
}
