/// What a student is trained for: to be close to its teachers, to be right, or some of both.
public struct Objective: Sendable {
  /// How far its logits are from a teacher's.
  let distance: Distance
  /// How several teachers count.
  let ensemble: Ensemble
  /// Cross entropy to labels; `nil` where these play no part.
  let labels: LabelLoss?
  /// Share of the loss that comes from labels, in [0, 1].
  let alpha: Double

  private init(_ distance: Distance, _ ensemble: Ensemble, _ labels: LabelLoss?, _ alpha: Double) {
    (self.distance, self.ensemble, self.labels, self.alpha) = (distance, ensemble, labels, alpha)
  }

  /// To be close to the teachers; labels play no part.
  ///
  /// - Parameter ensemble: how several teachers count; one teacher where nothing is said.
  public static func distance(
    _ distance: Distance, _ ensemble: Ensemble = Ensemble(weights: [1])
  ) -> Objective { Objective(distance, ensemble, nil, 0) }

  /// Supervised training: to be right.
  public static func labels(_ labels: LabelLoss) -> Objective {
    Objective(.kl(temperature: 1), Ensemble(weights: []), labels, 1)
  }

  /// Classic distillation (Hinton et al. 2015), (1 - alpha) · distance + alpha · cross entropy.
  /// The paper uses no labels.
  ///
  /// - Parameter alpha: in [0, 1].
  public static func blend(
    _ distance: Distance, _ labels: LabelLoss, alpha: Double,
    _ ensemble: Ensemble = Ensemble(weights: [1])
  ) -> Objective { Objective(distance, ensemble, labels, alpha) }
}
