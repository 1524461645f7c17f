/// Purposes that random numbers are drawn for; each has streams of its own under one seed.
public enum Stream: Int, Sendable {
  /// Crops and flips that both networks share: by epoch and image.
  case views = 0
  /// The order of images: by epoch.
  case order = 1
  /// Mixup's λ: by step.
  case mixup = 2
}
