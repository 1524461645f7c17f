import FunMatchDistillation
import FunMatchImages
import FunMatchModels

/// A network in a comparison, as `funmatch evaluate` and the end of a run report it. A figure that is
/// not finite is left out.
public struct Contestant: Codable, Sendable, Equatable {
  /// Number of trainable values; of several networks, of all; `nil` where one does not tell.
  public let parameters: Int?
  /// Multiply-accumulates of an image; of several networks, of all; `nil` where one does not tell.
  public let macs: Int?
  /// Number of classes.
  public let classes: Int
  /// Share of right answers; `nil` without labels.
  public let top1: Double?
  /// Share of images whose label is among the first five answers; `nil` without labels.
  public let top5: Double?
  /// Mean cross entropy to the label in nats; `nil` without labels.
  public let loss: Double?
  /// Mean entropy of the probabilities in nats.
  public let entropy: Double?
  /// Expected calibration error, 0...1; `nil` without labels, or where nobody asked.
  public let calibrationError: Double?
  /// Images a second, the network alone; of several networks, one after the other.
  public let imagesPerSecond: Double

  /// The network that was evaluated.
  public init(
    _ network: any Classifier, _ preprocessing: EvaluationPreprocessing, _ evaluation: Evaluation,
    calibration: Calibration? = nil
  ) {
    self.init(
      [(network, preprocessing)], classes: network.classes, top1: evaluation.top1,
      top5: evaluation.top5, loss: evaluation.loss, entropy: evaluation.entropy,
      calibration: calibration, imagesPerSecond: evaluation.imagesPerSecond)
  }

  /// Its teachers as one; `nil` where there are none.
  public init?(
    teachers: [(network: any Classifier, preprocessing: EvaluationPreprocessing)],
    _ evaluation: Evaluation,
    calibration: Calibration? = nil
  ) {
    guard let classes = teachers.first?.network.classes else { return nil }
    self.init(
      teachers, classes: classes, top1: evaluation.teacherTop1, top5: evaluation.teacherTop5,
      loss: evaluation.teacherLoss, entropy: evaluation.teacherEntropy, calibration: calibration,
      imagesPerSecond: evaluation.teacherImagesPerSecond ?? 0)
  }

  private init(
    _ networks: [(network: any Classifier, preprocessing: EvaluationPreprocessing)], classes: Int,
    top1: Double?,
    top5: Double?, loss: Double?, entropy: Double?, calibration: Calibration?,
    imagesPerSecond: Double
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
    self.classes = classes
    self.top1 = top1
    self.top5 = top5
    self.loss = Comparison.finite(loss)
    self.entropy = Comparison.finite(entropy)
    calibrationError = Comparison.finite(calibration?.error)
    self.imagesPerSecond = imagesPerSecond
  }
}
