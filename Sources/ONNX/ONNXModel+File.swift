import FunMatchFiles
import FunMatchImages
import FunMatchModels
import FunMatchTorch

extension ONNXModel {
  /// The network of a model file, with all that the file tells of it as metadata: `classes` (a list
  /// of names), `mean`, `std`, `range`, `color_order` (what pixels are scaled to), `normalization`
  /// (`included` where the graph does it, else `excluded`), `resize`, `crop`, `interpolation` (see
  /// `EvaluationPreprocessing`) and `model` (its spec), each JSON or a word.
  ///
  /// - Parameters:
  ///   - side: height and width of the images; the file's crop without it.
  ///   - images: what the graph takes.
  ///   - kernels: what kernels are stored as, f32 or f16.
  /// - Throws: `TorchError` when no size is known, and as the other does.
  public init(
    _ file: ModelFile, side: Int? = nil, images: Images = .scaled, kernels: DType = .f32
  ) throws {
    guard let side = side ?? file.preprocessing?.crop else {
      throw TorchError("ONNX: the model file does not tell how large its images are")
    }
    let input = file.model.input
    var metadata = [(key: "model", value: try JSONText.line(file.spec))]
    if !file.classNames.isEmpty { metadata.append(("classes", try JSONText.line(file.classNames))) }
    metadata += [
      ("mean", try JSONText.line(input.mean)), ("std", try JSONText.line(input.std)),
      ("range", try JSONText.line(input.range)), ("color_order", input.colorOrder.rawValue),
      ("normalization", images == .pixels ? "included" : "excluded"),
    ]
    if let preprocessing = file.preprocessing {
      // As much of the image as at the file's own size.
      let resize = Double(preprocessing.resize * side) / Double(preprocessing.crop)
      metadata += [
        ("resize", String(Int(resize.rounded()))), ("crop", String(side)),
        ("interpolation", preprocessing.interpolation.rawValue),
      ]
    }
    try self.init(
      file.model, side: side, images: images, kernels: kernels, metadata: metadata)
  }
}
