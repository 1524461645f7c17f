import Foundation
import FunMatchSettings
import FunMatchTorch

/// What comes out of a classifier that others saved, as a program or an ONNX file.
public enum ClassifierOutputs: String, SettingName {
  /// What a softmax makes probabilities of.
  case logits
  /// What a softmax has made; their logarithms are as good as logits.
  case probabilities
  /// Their logarithms.
  case logProbabilities

  /// In words.
  package var words: String {
    switch self {
    case .logits: "logits"
    case .probabilities: "probabilities (none below 0, their sum 1)"
    case .logProbabilities:
      "logarithms of probabilities (none above 0, the sum of their exponentials 1)"
    }
  }

  /// Logits (N, classes) of what comes out, of the same shape.
  public func logits(_ values: Tensor) -> Tensor {
    self == .probabilities ? values.logProbabilities : values
  }

  /// What values (N, classes) that are taken for logits look like, if not like logits: all rows are probabilities, or
  /// logarithms of some, to a thousandth.
  package static func likely(_ values: Tensor) -> ClassifierOutputs? {
    let (rows, classes) = (values.shape[0], values.shape[1])
    let numbers = values.to(.f64).contiguous.array(as: Double.self)
    guard rows > 0, classes > 1 else { return nil }
    func sumIsOne(_ row: Int, of value: (Double) -> Double) -> Bool {
      let sum = numbers[row * classes..<(row + 1) * classes].reduce(0) { $0 + value($1) }
      return abs(sum - 1) < 1e-3
    }
    if numbers.allSatisfy({ $0 >= 0 }), (0..<rows).allSatisfy({ sumIsOne($0) { $0 } }) {
      return .probabilities
    }
    if numbers.allSatisfy({ $0 <= 1e-6 }), (0..<rows).allSatisfy({ sumIsOne($0, of: exp) }) {
      return .logProbabilities
    }
    return nil
  }
}
