/// What a network makes of a data set, beside a teacher if there is one.
///
/// Source of the comparisons: big_vision `evaluators/proj/distill/distance.py`; of losses and
/// entropies: `trainers/proj/distill/distill.py`. Both take the natural logarithm.
public struct Evaluation: Sendable, Equatable {
  /// Number of images.
  public var images: Int
  /// Share of labelled images whose most likely class is the label; `nil` without labels.
  public var top1: Double?
  /// Share of labelled images whose label is among the five most likely classes; `nil` without
  /// labels.
  public var top5: Double?
  /// Mean cross entropy to the label in nats; `nil` without labels.
  public var loss: Double?
  /// Mean entropy of the probabilities in nats.
  public var entropy: Double
  /// Images a second through the network alone.
  public var imagesPerSecond: Double
  /// Share of images on which the most likely class is the teacher's; this and what follows is `nil`
  /// without a teacher.
  public var agreement: Double?
  /// Share of images on which the teacher's most likely class is among the network's five.
  public var agreementTop5: Double?
  /// Mean KL(teacher ‖ network) at temperature 1, in nats.
  public var kl: Double?
  /// Mean Euclidean distance of the logits.
  public var euclidean: Double?
  /// The teacher's `top1`; `nil` without labels, too.
  public var teacherTop1: Double?
  /// The teacher's `top5`; `nil` without labels, too.
  public var teacherTop5: Double?
  /// The teacher's `loss`; `nil` without labels, too.
  public var teacherLoss: Double?
  /// The teacher's `entropy`.
  public var teacherEntropy: Double?
  /// Images a second through the teacher alone; of several, through all one after the other.
  public var teacherImagesPerSecond: Double?

  /// A network's own figures; those that need a teacher are `nil`.
  init(
    images: Int, top1: Double?, top5: Double?, loss: Double?, entropy: Double,
    imagesPerSecond: Double
  ) {
    self.images = images
    self.top1 = top1
    self.top5 = top5
    self.loss = loss
    self.entropy = entropy
    self.imagesPerSecond = imagesPerSecond
  }

  /// All figures that there are, by name, but for the speeds.
  public var figures: [String: Double] {
    let all: [String: Double?] = [
      "images": Double(images), "top1": top1, "top5": top5, "loss": loss, "entropy": entropy,
      "agreement": agreement, "agreementTop5": agreementTop5, "kl": kl, "euclidean": euclidean,
      "teacherTop1": teacherTop1, "teacherTop5": teacherTop5, "teacherLoss": teacherLoss,
      "teacherEntropy": teacherEntropy,
    ]
    return all.compactMapValues { $0 }
  }
}
