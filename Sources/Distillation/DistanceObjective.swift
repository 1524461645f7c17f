import FunMatchTorch

/// Be close to what the teachers say. Labels play no part.
///
/// With several teachers the distances to each are added, unless they are combined first (big_vision
/// `trainers/proj/distill/distill.py`, `loss_fn`).
public struct DistanceObjective: Objective {
  private let distance: Distance
  private let ensemble: Ensemble?

  /// - Parameter ensemble: how several teachers count; each distance once where nothing is said.
  public init(_ distance: Distance, _ ensemble: Ensemble? = nil) {
    self.distance = distance
    self.ensemble = ensemble
  }

  /// The weighted sum over the teachers of the mean distance to each, or the mean distance to their
  /// combination; a scalar.
  public func loss(_ logits: Tensor, _ answers: [Tensor], _ batch: Batch) -> Tensor {
    func mean(_ teacher: Tensor) -> Tensor {
      distance(student: logits, teacher: teacher).mean()
    }
    if let ensemble, ensemble.combination != .distances {
      var temperature = 1.0
      if case .kl(let own) = distance { temperature = own }
      return mean(ensemble.combined(answers, temperature: temperature))
    }
    func weighted(_ number: Int) -> Tensor {
      let weight = ensemble?.weights[number] ?? 1
      return weight == 1 ? mean(answers[number]) : mean(answers[number]) * weight
    }
    return answers.indices.dropFirst().reduce(weighted(0)) { $0 + weighted($1) }
  }
}
