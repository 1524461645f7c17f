import FunMatchTorch

/// How far a student's logits are from a teacher's, under the names that recipes use.
///
/// All take logits (N, classes), f32, and give one value an example, (N). Source: big_vision
/// `evaluators/proj/distill/distance.py`, `dist`.
public enum Distance: Sendable, Equatable {
  /// T² · KL(softmax(teacher / T) ‖ softmax(student / T)); the teacher's probabilities enter the
  /// logarithm cut at 1e-8.
  case kl(temperature: Double)
  /// √(Σ (student - teacher)² + 1e-12).
  case euclidean
  /// Σ (student - teacher)².
  case l2
  /// KL(target ‖ student), the target being the teacher's most likely class with probability 1 -
  /// `labelSmoothing` and the rest spread over the other classes; cross entropy where nothing is
  /// smoothed.
  case hard(labelSmoothing: Double)
  /// The Euclidean distance of log-probabilities.
  case logSoftmaxEuclidean

  /// The distance of each example, (N).
  public func callAsFunction(student: Tensor, teacher: Tensor) -> Tensor {
    switch self {
    case .kl(let temperature):
      let target = (teacher * (1 / temperature)).softmax()
      let student = (student * (1 / temperature)).logSoftmax()
      let terms = target * (target.clamped(low: 1e-8).log() - student)
      return terms.sum([1]) * (temperature * temperature)
    case .euclidean:
      return Self.norm(student - teacher)
    case .l2:
      return (student - teacher).squared().sum([1])
    case .hard(let smoothing):
      let rest = smoothing / Double(max(1, teacher.shape[1] - 1))
      let choice = teacher.argmax().oneHot(teacher.shape[1]).to(.f32)
      let target = choice * (1 - smoothing - rest) + rest
      return (target * (target.clamped(low: 1e-8).log() - student.logSoftmax())).sum([1])
    case .logSoftmaxEuclidean:
      return Self.norm(student.logSoftmax() - teacher.logSoftmax())
    }
  }

  // The tiny summand keeps the gradient of identical logits at 0 instead of NaN.
  private static func norm(_ difference: Tensor) -> Tensor {
    (difference.squared().sum([1]) + 1e-12).squareRoot()
  }

  /// - Throws: `TrainingError` when a parameter is out of range.
  public func validate() throws {
    switch self {
    case .kl(let temperature) where !(temperature > 0 && temperature.isFinite):
      throw TrainingError("distance.kl.temperature: \(temperature) must be positive")
    case .hard(let smoothing) where !(0..<1).contains(smoothing):
      throw TrainingError("distance.hard.labelSmoothing: \(smoothing) must be in 0 ..< 1")
    default: break
    }
  }
}

extension Distance: Codable {
  private enum CodingKeys: String, CodingKey {
    case kl, euclidean, l2, hard, logSoftmaxEuclidean
  }
  private struct Temperature: Codable {
    var temperature: Double?
  }
  private struct Smoothing: Codable {
    var labelSmoothing: Double?
  }
  private struct Nothing: Codable {}

  /// `{kl: {temperature: 2}}`, `{hard: {labelSmoothing: 0.1}}`, or a name alone: `euclidean`.
  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      let plain: [String: Distance] = [
        "kl": .kl(temperature: 1), "euclidean": .euclidean, "l2": .l2,
        "hard": .hard(labelSmoothing: 0), "logSoftmaxEuclidean": .logSoftmaxEuclidean,
      ]
      guard let known = plain[name] else { throw Self.unknown(decoder) }
      self = known
      return
    }
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    guard keys.allKeys.count == 1, let key = keys.allKeys.first else { throw Self.unknown(decoder) }
    switch key {
    case .kl:
      self = .kl(temperature: try keys.decode(Temperature.self, forKey: key).temperature ?? 1)
    case .hard:
      self = .hard(labelSmoothing: try keys.decode(Smoothing.self, forKey: key).labelSmoothing ?? 0)
    case .euclidean: self = .euclidean
    case .l2: self = .l2
    case .logSoftmaxEuclidean: self = .logSoftmaxEuclidean
    }
  }

  private static func unknown(_ decoder: any Decoder) -> DecodingError {
    .dataCorrupted(
      .init(
        codingPath: decoder.codingPath,
        debugDescription:
          "expected one distance: kl, euclidean, l2, hard or logSoftmaxEuclidean"))
  }

  /// Writes the map form.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .kl(let temperature): try keys.encode(Temperature(temperature: temperature), forKey: .kl)
    case .hard(let smoothing): try keys.encode(Smoothing(labelSmoothing: smoothing), forKey: .hard)
    case .euclidean: try keys.encode(Nothing(), forKey: .euclidean)
    case .l2: try keys.encode(Nothing(), forKey: .l2)
    case .logSoftmaxEuclidean: try keys.encode(Nothing(), forKey: .logSoftmaxEuclidean)
    }
  }
}
