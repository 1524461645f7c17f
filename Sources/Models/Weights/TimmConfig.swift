import Foundation
import FunMatchFiles
import FunMatchImages
import FunMatchSettings

/// The `config.json` that timm puts beside weights for Hugging Face: which network they are of, what its images
/// are to be, and what its classes are called.
///
/// Source: timm `models/_hub.py`, whose older files have no `pretrained_cfg` but its keys; what they leave out is
/// as in `models/_pretrained.py`. transformers writes it, too, with more keys, for networks of timm in its wrapper: its
/// `models/timm_wrapper/configuration_timm_wrapper.py`.
struct TimmConfig {
  private struct Document: Decodable {
    var architecture: String?
    var num_classes: Int?
    var global_pool: String?
    var label_names: Labels?
    var label_descriptions: Labels?
    var model_args: Arguments?
    var pretrained_cfg: Pretrained?
    // transformers' own.
    var architectures: [String]?
    var model_type: String?
    var id2label: Labels?
    var label2id: Indices?
  }

  private struct Pretrained: Decodable {
    var num_classes: Int?
    var input_size: [Int]?
    var interpolation: String?
    var crop_pct: Double?
    var crop_mode: String?
    var mean: [Double]?
    var std: [Double]?
    var label_names: Labels?
    var label_descriptions: Labels?
  }

  /// Names in the order of classes, or by their indices; or what is no name, such as descriptions by name.
  private struct Labels: Decodable {
    let list: [String]?
    let map: [Int: String]?

    init(from decoder: any Decoder) throws {
      list = try? [String](from: decoder)
      map = list == nil ? try? [Int: String](from: decoder) : nil
    }

    var isKnown: Bool { (list?.isEmpty ?? map?.isEmpty) == false && !isMadeUp }

    /// Whether they are what transformers calls classes that have no names, `LABEL_0` and so on.
    private var isMadeUp: Bool {
      list?.enumerated().allSatisfy { $1 == "LABEL_\($0)" }
        ?? map?.allSatisfy { $1 == "LABEL_\($0)" } ?? false
    }
  }

  /// Indices of classes by their names; or nothing where it is something else.
  private struct Indices: Decodable {
    let map: [String: Int]

    init(from decoder: any Decoder) throws { map = (try? [String: Int](from: decoder)) ?? [:] }
  }

  private struct Arguments: Decodable {
    private struct Name: CodingKey {
      let stringValue: String
      let intValue: Int? = nil
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    let names: [String]
    let pool: String?
    let side: Int?

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Name.self)
      names = container.allKeys.map(\.stringValue).sorted()
      pool = try container.decodeIfPresent(String.self, forKey: Name(stringValue: "global_pool"))
      let size = Name(stringValue: "img_size")
      if let sides = try? container.decode([Int].self, forKey: size) {
        side = sides.first == sides.last ? sides.first : 0
      } else {
        side = try container.decodeIfPresent(Int.self, forKey: size)
      }
    }
  }

  let path: String
  private let document: Document
  private let pretrained: Pretrained
  private let architecture: String

  /// - Throws: `FileError` when the file is not one of timm's.
  init(_ path: String) throws {
    self.path = path
    let file = try InputFile(path)
    try ForeignContent.refuse(file)
    guard file.size <= 1 << 26 else {
      throw FileError("\(path): \(file.size) bytes are too many for a config.json")
    }
    let text = Data(try file.read(at: 0, count: file.size))
    do {
      document = try JSONDecoder().decode(Document.self, from: text)
      pretrained =
        try document.pretrained_cfg ?? JSONDecoder().decode(Pretrained.self, from: text)
    } catch {
      throw FileError("\(path): cannot be understood as a config.json of timm\(Self.place(error))")
    }
    guard let name = document.architecture else {
      if let other = document.architectures?.first ?? document.model_type {
        throw FileError(
          "\(path): is of transformers' own '\(other.prefix(100))', which is not among the networks here; "
            + "timm's are, alone or in TimmWrapperForImageClassification, and any other network can teach as a program or "
            + "an ONNX file (docs/models.md)")
      }
      throw FileError(
        "\(path): has no 'architecture', expected a config.json of timm; weights may be given without it, as a file"
      )
    }
    // A name of weights may follow.
    architecture = String(name.prefix { $0 != "." })
  }

  /// The network that it names, of which nothing is said that networks here do not have.
  ///
  /// - Throws: `FileError` naming the architectures that there are.
  func spec(_ registry: Registry) throws -> ModelSpec {
    guard let network = registry.families.lazy.compactMap({ $0.named(architecture) }).first else {
      // timm's names have no hyphens.
      let known = registry.families.flatMap { $0.known.map(\.name) }.filter { !$0.contains("-") }
      throw FileError(
        "\(path): the architecture '\(architecture)' is not one of those here: "
          + "\(known.joined(separator: ", ")); any other network can teach as a program or an ONNX file (docs/models.md)"
      )
    }
    let harmless = [
      "num_classes", "img_size", "global_pool", "in_chans", "drop_rate", "drop_path_rate",
      "pretrained",
    ]
    if let other = document.model_args?.names.first(where: { !harmless.contains($0) }) {
      throw FileError(
        "\(path): changes '\(other)' of \(architecture) by model_args, which networks here do not; "
          + "--model \(architecture), in a recipe `model: \(architecture)`, passes it over")
    }
    var spec = ModelSpec(network)
    let pool = document.model_args?.pool ?? document.global_pool
    if var vit = network as? ViTSpec {
      vit.resolution = try side
      spec = ModelSpec(vit)
      guard ["token", "avg", nil].contains(pool) else { throw pools(pool, "token and avg") }
      vit.pool = pool.map { $0 == "avg" ? .average : .token }
      spec = ModelSpec(vit)
    } else {
      guard ["avg", nil].contains(pool) else { throw pools(pool, "avg") }
    }
    return spec
  }

  private func pools(_ pool: String?, _ known: String) -> FileError {
    FileError(
      "\(path): global_pool is '\(pool ?? "")', networks of this architecture here have \(known)")
  }

  /// Number of classes; `nil` where it tells none.
  var classes: Int? {
    // The wrapper counts its classes by their names, and timm's count may be that of the network that they began with.
    document.num_classes ?? named?.map?.count ?? pretrained.num_classes
  }

  /// transformers' names, by their indices.
  private var named: Labels? { document.id2label.flatMap { $0.isKnown ? $0 : nil } }

  /// Names of the classes.
  ///
  /// - Throws: `FileError` when they are not as many as there are classes, or contradict themselves.
  func classNames(_ classes: Int) throws -> [String] {
    let told = [
      document.label_names, named, pretrained.label_names, document.label_descriptions,
      pretrained.label_descriptions,
    ].lazy.compactMap(\.self).first(where: \.isKnown)
    let names =
      try told?.list
      ?? told?.map.map { map in
        try ClassNameList.ordered(map.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, path)
      } ?? []
    guard names.isEmpty || names.count == classes else {
      throw FileError(
        "\(path): has \(names.count) label_names, and the network has \(classes) classes")
    }
    if let named = named?.map, let indices = document.label2id?.map,
      let (name, index) = indices.sorted(by: { $0.key < $1.key })
        .first(where: { named[$1] != $0 && $0 != "LABEL_\($1)" })
    {
      throw FileError(
        "\(path): class \(index) is '\(name)' in label2id and '\(named[index] ?? "nothing")' in id2label"
      )
    }
    return names
  }

  /// What pixels are scaled to.
  ///
  /// - Throws: `FileError` when that is impossible.
  var scaling: InputScaling {
    get throws {
      let usual = InputScaling.imageNet
      let scaling = InputScaling(
        mean: pretrained.mean ?? usual.mean, std: pretrained.std ?? usual.std)
      do {
        try scaling.validate(at: "")
      } catch {
        throw FileError("\(path): mean and std are impossible: \(error)")
      }
      return scaling
    }
  }

  /// How images are prepared.
  ///
  /// - Throws: `FileError` when nothing here prepares them so.
  var preprocessing: EvaluationPreprocessing {
    get throws {
      let side = try side
      let mode = pretrained.crop_mode ?? "center"
      let name = pretrained.interpolation ?? "bicubic"
      let known = [Interpolation.bilinear, .bicubic]
      guard mode == "center", let interpolation = known.first(where: { $0.rawValue == name })
      else {
        throw FileError(
          "\(path): wants crop_mode \(mode) and interpolation \(name), and what is here is center with bilinear or "
            + "bicubic; `funmatch import` with --resolution, --resize and --interpolation says what to do instead"
        )
      }
      let part = pretrained.crop_pct ?? 0.875
      guard part > 0.05, part <= 1 else {
        throw FileError("\(path): crop_pct is \(part), expected more than 0.05 and at most 1")
      }
      return EvaluationPreprocessing(
        resize: Int((Double(side) / part).rounded(.down)), crop: side, interpolation: interpolation)
    }
  }

  /// Sides of the images, in pixels.
  private var side: Int {
    get throws {
      let size = pretrained.input_size ?? [3, 224, 224]
      let side = document.model_args?.side ?? size.last ?? 0
      guard size.count == 3, size[0] == 3, size[1] == size[2],
        (1...EvaluationPreprocessing.largestSide / 2).contains(side)
      else {
        throw FileError("\(path): input_size is \(size), expected 3 channels and a square")
      }
      return side
    }
  }

  private static func place(_ error: any Error) -> String {
    let path: [any CodingKey] =
      switch error {
      case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
        DecodingError.keyNotFound(_, let context):
        context.codingPath
      default: []
      }
    return path.isEmpty ? "" : " (\(path.dotted))"
  }
}
