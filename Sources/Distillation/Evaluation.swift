/// What a network makes of a data set.
public struct Evaluation: Sendable, Equatable {
  /// Number of images.
  public var images: Int
  /// Share of labelled images whose most likely class is the label; `nil` without labels.
  public var top1: Double?
  /// Share of images on which the most likely class is the teacher's; `nil` without a teacher.
  public var agreement: Double?
  /// Mean KL(teacher ‖ network) at temperature 1; `nil` without a teacher.
  public var kl: Double?
  /// Images a second through the network alone.
  public var imagesPerSecond: Double
  /// The teacher's share of right answers; `nil` without labels or a teacher.
  public var teacherTop1: Double?
  /// Images a second through the teacher alone.
  public var teacherImagesPerSecond: Double?

  /// A network's own figures; those that need a teacher are `nil`.
  init(images: Int, top1: Double?, imagesPerSecond: Double) {
    self.images = images
    self.top1 = top1
    self.imagesPerSecond = imagesPerSecond
  }
}
