import FunMatchTorch

/// How far a student is from several teachers.
struct EnsembleDistance: Sendable {
  private let distance: Distance
  private let ensemble: Ensemble

  init(_ distance: Distance, _ ensemble: Ensemble) {
    self.distance = distance
    self.ensemble = ensemble
  }

  /// What the distance is taken to: the logits of each teacher, or one for all.
  func target(_ logits: [Tensor]) -> [Tensor] {
    guard ensemble.combination != .distances else { return logits }
    var temperature = 1.0
    if case .kl(let own) = distance { temperature = own }
    return [ensemble.combined(logits, temperature: temperature)]
  }

  /// Mean over the batch, a scalar.
  func loss(_ logits: Tensor, _ target: [Tensor]) -> Tensor {
    func mean(_ number: Int) -> Tensor {
      distance(student: logits, teacher: target[number]).mean()
    }
    guard ensemble.combination == .distances else { return mean(0) }
    func weighted(_ number: Int) -> Tensor {
      let weight = ensemble.weights[number]
      return weight == 1 ? mean(number) : mean(number) * weight
    }
    return target.indices.dropFirst().reduce(weighted(0)) { $0 + weighted($1) }
  }
}
