import FunMatchDistillation
import FunMatchImages
import FunMatchModels
import FunMatchSettings

/// A network's figures in a comparison, as `funmatch evaluate` and the end of a run report them: what it is, and its metrics
/// by their keys. A figure that is not finite is left out.
public struct EvaluatedNetwork: Sendable, Equatable {
  /// Number of trainable values; of several networks, of all; `nil` where one does not tell.
  public let parameters: Int?
  /// Multiply-accumulates of an image; of several networks, of all; `nil` where one does not tell.
  public let macs: Int?
  /// Number of classes.
  public let classes: Int
  /// Images a second, the network alone; of several networks, one after the other.
  public let imagesPerSecond: Double
  /// Its metrics by key.
  public let values: [String: Double]

  /// The network that was evaluated.
  public init(
    _ network: any Classifier, _ preprocessing: EvaluationPreprocessing, _ evaluation: Evaluation
  ) {
    self.init(
      [(network, preprocessing)], classes: network.classes, evaluation.values,
      imagesPerSecond: evaluation.imagesPerSecond)
  }

  /// Its teachers as one; `nil` where there are none.
  public init?(
    teachers: [(network: any Classifier, preprocessing: EvaluationPreprocessing)],
    _ evaluation: Evaluation
  ) {
    guard let classes = teachers.first?.network.classes else { return nil }
    self.init(
      teachers, classes: classes, evaluation.teacherValues,
      imagesPerSecond: evaluation.teacherImagesPerSecond ?? 0)
  }

  private init(
    _ networks: [(network: any Classifier, preprocessing: EvaluationPreprocessing)], classes: Int,
    _ values: [String: Double], imagesPerSecond: Double
  ) {
    func sum(_ values: [Int?]) -> Int? {
      let known = values.compactMap { $0 }
      return known.count == values.count ? known.reduce(0, +) : nil
    }
    parameters = sum(networks.map(\.network.parameterCount))
    macs = sum(
      networks.map {
        $0.network.multiplyAccumulates(height: $0.preprocessing.crop, width: $0.preprocessing.crop)
      })
    (self.classes, self.imagesPerSecond) = (classes, imagesPerSecond)
    self.values = values.filter { $0.value.isFinite }
  }

  /// The same with other figures.
  init(copying other: EvaluatedNetwork, _ values: [String: Double]) {
    (parameters, macs, classes) = (other.parameters, other.macs, other.classes)
    (imagesPerSecond, self.values) = (other.imagesPerSecond, values)
  }

  /// A figure; `nil` where it needs what is not there.
  public subscript(_ metric: Metric) -> Double? { values[metric.key] }
}

extension EvaluatedNetwork: Codable {
  private static let own: Set<String> = ["parameters", "macs", "classes", "imagesPerSecond"]

  /// Reads what `encode(to:)` writes.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: KeyName.self)
    parameters = try keys.decodeIfPresent(Int.self, forKey: KeyName("parameters"))
    macs = try keys.decodeIfPresent(Int.self, forKey: KeyName("macs"))
    classes = try keys.decode(Int.self, forKey: KeyName("classes"))
    imagesPerSecond = try keys.decode(Double.self, forKey: KeyName("imagesPerSecond"))
    values = try keys.figures(but: Self.own)
  }

  /// Writes the metrics beside the other keys.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: KeyName.self)
    try keys.encodeIfPresent(parameters, forKey: KeyName("parameters"))
    try keys.encodeIfPresent(macs, forKey: KeyName("macs"))
    try keys.encode(classes, forKey: KeyName("classes"))
    try keys.encode(imagesPerSecond, forKey: KeyName("imagesPerSecond"))
    for (key, value) in values { try keys.encode(value, forKey: KeyName(key)) }
  }
}

extension KeyedDecodingContainer<KeyName> {
  /// All numbers that stand beside other keys.
  func figures(but others: Set<String>) throws -> [String: Double] {
    try allKeys.filter { !others.contains($0.stringValue) }.reduce(into: [:]) { figures, key in
      figures[key.stringValue] = try decodeIfPresent(Double.self, forKey: key)
    }
  }
}
