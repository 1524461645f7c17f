/// A run in a study, as TensorBoard's HParams plugin knows it.
public struct HyperparameterSession: Sendable {
  /// The run's name.
  public let name: String
  /// Its settings by name; without the seed.
  public let values: [String: Hyperparameter]
  /// What runs of other seeds have in common with it: they are shown as one.
  public let group: String

  /// A run with these settings.
  public init(name: String, values: [String: Hyperparameter], group: String) {
    (self.name, self.values, self.group) = (name, values, group)
  }
}
