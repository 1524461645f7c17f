import FunMatchImages
import FunMatchModels
import FunMatchSettings
import FunMatchTorch

/// A teacher as a recipe names it: a file of weights, or a program.
public struct TeacherRecipe: Settings {
  /// What a teacher is read from.
  public enum Source: Sendable, Equatable {
    /// A file with its weights and its shape, which may be left out where the file tells.
    case weights(String, ModelSpec?)
    /// A program.
    case program(ProgramRecipe, TorchProgram.Format)
    /// An ONNX file.
    case onnx(ONNXRecipe)
  }

  /// A file with its weights, relative to the recipe, then to `FUNMATCH_WEIGHTS`.
  public var weights: String?
  /// The key that a PyTorch file has them under, such as `model_ema`; `nil`: it is looked for.
  public var key: String?
  /// What stands before the names of the arrays that are meant, such as `student.`; `nil`: that is found out.
  public var prefix: String?
  /// Its shape; may be left out where the file tells.
  public var model: ModelSpec?
  /// A TorchScript program in place of weights.
  public var torchscript: ProgramRecipe?
  /// An AOTInductor package in place of weights.
  public var aotinductor: ProgramRecipe?
  /// An ONNX file in place of weights.
  public var onnx: ONNXRecipe?
  /// A last layer for a program or an ONNX file, whose outputs are its features: a file that `funmatch probe` wrote.
  public var head: String?
  /// Input size in pixels; a program's, and an ONNX file's, is in its input.
  public var resolution = 0
  /// How much it counts among several.
  public var weight = 1.0
  /// Whether it may compute in int8; weights alone can.
  public var int8 = Int8Recipe()
  /// What its pixels are scaled to, if its file does not tell, or wrongly.
  public var input: InputScaling?

  /// None yet.
  public init() {}

  /// Its keys.
  public static let keys: [Key<TeacherRecipe>] = [
    Key(
      "weights", \.weights,
      "A file beside the recipe, else in the folder FUNMATCH_WEIGHTS, else in `weights`; or hf:OWNER/NAME[@REVISION] of Hugging Face, fetched if it is not here."
    ),
    Key(
      "key", \.key,
      "The key that a PyTorch file has the weights under, such as model_ema; null: it is looked for.",
      .notEmpty),
    Key(
      "prefix", \.prefix,
      "What stands before the names of the arrays that are meant, such as \"student.\"; null: that is found out.",
      .notEmpty),
    Key(
      "model", \.model,
      "Its shape; needed for weights from elsewhere, a model file tells it by itself."
    ),
    Key("torchscript", \.torchscript, "A TorchScript program in place of weights."),
    Key("aotinductor", \.aotinductor, "An AOTInductor package in place of weights."),
    Key(
      "onnx", \.onnx,
      "An ONNX classifier in place of weights; OpenVINO computes it, and it is data."),
    Key(
      "head", \.head,
      "A last layer for a program or an ONNX file, whose outputs are its features: a file that `funmatch probe` wrote, beside the recipe."
    ),
    Key(
      "resolution", \.resolution,
      "Input size in pixels; that of a program or an ONNX file is in its input."),
    Key(
      "weight", \.weight, "How much it counts among several.",
      Limits("must be between 1e-6 and 1e6", schema: ["minimum": 1e-6, "maximum": 1e6]) {
        (1e-6...1e6).contains($0)
      }),
    Key("int8", \.int8, "Whether it may compute in int8, and how near to float."),
    Key(
      "input", \.input,
      "What its pixels are scaled to; null: as its file tells, or as is usual for its family."),
  ]

  /// - Throws: `SettingsError` unless it has exactly one source, and what belongs to it.
  public mutating func didDecode(_ decoder: any Decoder) throws {
    let path = decoder.codingPath.dotted
    let sources = [weights != nil, torchscript != nil, aotinductor != nil, onnx != nil]
    guard sources.count(where: \.self) == 1 else {
      throw SettingsError(
        path + ".weights", "a teacher needs weights, torchscript, aotinductor or onnx, one of them")
    }
    guard let own = torchscript?.input ?? aotinductor?.input ?? onnx?.input else {
      guard head == nil else {
        throw SettingsError(
          path + ".head",
          "is for torchscript, aotinductor or onnx; a model file has a head of its own")
      }
      guard resolution != 0 else {
        throw DecodingError.keyNotFound(
          KeyName("resolution"),
          .init(codingPath: decoder.codingPath, debugDescription: "is missing"))
      }
      return
    }
    guard key == nil, prefix == nil else {
      throw SettingsError(
        path + (key != nil ? ".key" : ".prefix"),
        "says where weights are in their file, and this teacher has none")
    }
    guard model == nil, input == nil, resolution == 0 || resolution == own.size else {
      throw SettingsError(
        path + ".resolution",
        "the sides and scaling of a program or an ONNX file are in its own input, and it needs no model"
      )
    }
    resolution = own.size
  }

  /// - Throws: `SettingsError` when it looks at no size that there is.
  public func check(at key: String) throws {
    let largest = EvaluationPreprocessing.largestSide
    guard (1...largest).contains(resolution) else {
      throw SettingsError(
        key + ".resolution", "\(resolution) must be positive and at most \(largest)")
    }
  }

  /// What it is read from.
  public var source: Source {
    if let torchscript { return .program(torchscript, .torchScript) }
    if let aotinductor { return .program(aotinductor, .aotInductor) }
    if let onnx { return .onnx(onnx) }
    return .weights(weights ?? "", model)
  }

  /// Which part of their file the weights are, as `key: model_ema`, `prefix: student.`; what its checksum does not tell.
  /// Nothing where nothing is said, so that what was kept before there were these keys is of use.
  package var placeInFile: [String] {
    [("key", key), ("prefix", prefix)]
      .compactMap { name, value in value.map { "\(name): \($0)" } }
  }

  /// The file that it is read from.
  public var path: String {
    torchscript?.path ?? aotinductor?.path ?? onnx?.path ?? weights ?? ""
  }
}
