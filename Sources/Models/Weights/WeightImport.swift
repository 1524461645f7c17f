import FunMatchSettings
import FunMatchTorch

/// Weights of a published network, in one of the layouts that its family is found in.
public struct WeightImport {
  /// What the layout is called, such as `timm`.
  public let layout: String
  /// The network with the file's weights.
  public let file: ModelFile

  /// Reads weights into a new network. What `spec` leaves open is taken from the file: the number of
  /// classes from its head; what else is open from its metadata where this tool wrote it, else from
  /// its layout.
  ///
  /// - Parameters:
  ///   - spec: which network; without it, the one whose names and shapes the file's are.
  ///   - input: what the network wants its images to be; without it as the file's metadata tells, or
  ///     the layout, or the family.
  ///   - registry: which families of networks there are.
  /// - Throws: `FileError` when the file is damaged, does not fit, was written by this tool for
  ///   another network, or fits no network that is known.
  public init(
    path: String, spec: ModelSpec?, input: InputScaling? = nil, registry: Registry = .standard
  ) throws {
    let source = try WeightSource(path, registry)
    let choice = WeightRecognition(source, registry)
    let (chosen, layout) = try spec.map { try choice.completed($0) } ?? choice.recognised()
    try chosen.check(values: source.valueCount, in: path)
    let model = try chosen.buildWithoutValues()
    let arrays = layout.resize(layout.translate(source.arrays, model), model)
    try model.store.adopt(arrays, from: path)
    model.input = input ?? source.card?.input ?? layout.input ?? chosen.network.usualInput
    self.layout = layout.name
    file = ModelFile(
      model: model, spec: chosen, classNames: source.card?.classNames ?? [],
      preprocessing: source.card?.preprocessing)
  }
}
