/// Purposes that random numbers are drawn for; each has streams of its own under one seed.
public enum Stream: Int, Sendable {
  /// The student's crops and flips, which teachers share under most policies: by epoch and image.
  case views = 0
  /// The order of images: by epoch.
  case order = 1
  /// Mixup's λ: by step.
  case mixup = 2
  /// The teachers' own crops and flips: by epoch and image.
  case teacherViews = 3
  /// The crops and flips of a fixed teacher: by image and number.
  case fixedViews = 4
  /// Which of several data sets is next: by 1,024 images.
  case mixture = 5
}
