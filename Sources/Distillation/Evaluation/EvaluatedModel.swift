import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchTorch

/// A network in an evaluation, and how images are prepared for it.
public struct EvaluatedModel {
  /// The network.
  public let network: any Classifier
  /// What an image goes through first.
  public let preprocessing: EvaluationPreprocessing
  let mode: Mode

  /// - Parameter precision: what its convolutions compute in.
  public init(
    _ network: any Classifier, _ preprocessing: EvaluationPreprocessing, precision: DType
  ) {
    (self.network, self.preprocessing) = (network, preprocessing)
    mode = .evaluation(precision)
  }
}

extension Teacher {
  /// What is shown whole images, in what it teaches in.
  public var evaluated: EvaluatedModel {
    EvaluatedModel(network, preprocessing, precision: precision)
  }
}
