import FunMatchDistillation
import FunMatchSettings
import FunMatchTorch

/// A distance: T² · JS(teacher, student) at temperature T, the mean of the divergences of both from
/// the middle between them. Other than KL it is symmetric and never above T² · ln 2.
///
/// Source: Lin, "Divergence measures based on the Shannon entropy" (1991).
struct JensenShannon: DistanceFunction {
  static let name = "jensenShannon"
  static let summary = "T² · the Jensen–Shannon divergence at temperature T."
  static let keys: [Key<JensenShannon>] = [
    Key("temperature", \.temperature, "T, by which both logits are divided.", .positive)
  ]

  var temperature = 1.0

  func callAsFunction(student: Tensor, teacher: Tensor) -> Tensor {
    let logarithms = [student, teacher].map { ($0 * (1 / temperature)).logSoftmax() }
    let probabilities = logarithms.map { $0.exp() }
    // Where both are next to 0 the logarithm of the middle would be infinite.
    let middle = ((probabilities[0] + probabilities[1]) * 0.5).clamped(low: 1e-30).log()
    let terms = zip(probabilities, logarithms).map { $0 * ($1 - middle) }
    return (terms[0] + terms[1]).sum([1]) * (0.5 * temperature * temperature)
  }
}
