/// The metrics of the official code and a few more.
///
/// Source of comparisons: big_vision `evaluators/proj/distill/distance.py`; of losses and entropies:
/// `trainers/proj/distill/distill.py`. Both take the natural logarithm.
extension Metric {
  /// Share of labelled images whose most likely class is the label.
  public static let top1 = Metric.mean(
    "top1", "top-1", of: .network, in: .share, isHigherBetter: true
  ) { image in image.label.map { image.logits.rank(of: $0) < 1 ? 1 : 0 } }

  /// Share of labelled images whose label is among the five most likely classes.
  public static let top5 = Metric.mean(
    "top5", "top-5", of: .network, in: .share, isHigherBetter: true, isInTables: false
  ) { image in image.label.map { image.logits.rank(of: $0) < 5 ? 1 : 0 } }

  /// Mean cross entropy to the label in nats.
  public static let loss = Metric.mean(
    "loss", "cross entropy", of: .network, in: .nats, isHigherBetter: false, isInTables: false
  ) { image in image.label.map { -image.logits.logarithm($0) } }

  /// Mean entropy of the probabilities in nats.
  public static let entropy = Metric.mean(
    "entropy", "entropy", of: .network, in: .nats, isHigherBetter: nil, isInTables: false
  ) { $0.logits.entropy }

  /// Expected calibration error.
  public static let calibrationError = Metric(
    "calibrationError", "calibration error", of: .network, in: .number, isHigherBetter: false,
    isInTables: false
  ) { Calibration() }

  /// Share of images on which the student's most likely class is the teacher's.
  public static let agreement = Metric.mean(
    "agreement", "agreement", of: .pair, in: .share, isHigherBetter: true
  ) { image in image.teacher.map { image.logits.rank(of: $0.choice) < 1 ? 1 : 0 } }

  /// Share of images on which the teacher's most likely class is among the student's five.
  public static let agreementTop5 = Metric.mean(
    "agreementTop5", "top-5 agreement", of: .pair, in: .share, isHigherBetter: true,
    isInTables: false
  ) { image in image.teacher.map { image.logits.rank(of: $0.choice) < 5 ? 1 : 0 } }

  /// Mean KL(teacher ‖ student) at temperature 1, in nats.
  public static let kl = Metric.mean(
    "kl", "KL", of: .pair, in: .nats, isHigherBetter: false
  ) { image in image.teacher?.kl(from: image.logits) }

  /// Mean Euclidean distance of the logits.
  public static let euclidean = Metric.mean(
    "euclidean", "Euclidean distance", of: .pair, in: .number, isHigherBetter: false,
    isInTables: false
  ) { image in image.teacher?.euclidean(from: image.logits) }

  /// What a student is judged by where one figure has to do: the first of these that it has.
  public static let leading: [Metric] = [.top1, .agreement]
}
