/// What a student learns from.
public enum TrainingKind: String, Sendable {
  /// Its teachers alone.
  case distillation
  /// Labels.
  case supervision
}
