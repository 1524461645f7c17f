extension ViewPolicy {
  /// The whole image at the input size, for both networks; the teachers' logits are computed once.
  public static let fixedResize = ViewPolicy(
    name: "fix/rs", summary: "Both see the whole image; the teachers' logits are computed once.",
    teacher: .fixed(.whole), crop: .whole, flip: false, mixup: 0)
  /// The teachers' central crop, once; mild random crops for the student.
  public static let fixedCenter = ViewPolicy(
    name: "fix/cc",
    summary: "A central crop for the teachers, once; mild random crops for the student.",
    teacher: .fixed(.center(resize: nil)), crop: .random(resize: nil), flip: true, mixup: 0)
  /// The teachers' mean prediction over many inception crops, computed once; inception crops of its
  /// own for the student.
  public static let fixedEnsemble = ViewPolicy(
    name: "fix/ic_ens",
    summary:
      "The teachers' mean prediction over many inception crops, once; others for the student.",
    teacher: .ensemble(1000), crop: .inception(areaMin: 0.05, areaMax: 1), flip: true, mixup: 0)
  /// Two independent mild random crops.
  public static let independentRandom = ViewPolicy(
    name: "ind/rc", summary: "Two independent mild random crops.", teacher: .independent,
    crop: .random(resize: nil), flip: true, mixup: 0)
  /// Two independent inception crops.
  public static let independentInception = ViewPolicy(
    name: "ind/ic", summary: "Two independent inception crops.", teacher: .independent,
    crop: .inception(areaMin: 0.05, areaMax: 1), flip: true, mixup: 0)
  /// The same mild random crop for both.
  public static let sameRandom = ViewPolicy(
    name: "same/rc", summary: "The same mild random crop for both.", teacher: .shared,
    crop: .random(resize: nil), flip: true, mixup: 0)
  /// The same inception crop for both.
  public static let sameInception = ViewPolicy(
    name: "same/ic", summary: "The same inception crop for both.", teacher: .shared,
    crop: .inception(areaMin: 0.05, areaMax: 1), flip: true, mixup: 0)
  /// The same inception crop for both, mixed in the same way: function matching.
  public static let funmatch = ViewPolicy(
    name: "funmatch", summary: "The same inception crop for both, in the same mixture.",
    teacher: .shared, crop: .inception(areaMin: 0.05, areaMax: 1), flip: true, mixup: 1)

  /// The policies that the paper compares (section 3.1.1), under the names that it uses.
  public static let paper = [
    fixedResize, fixedCenter, fixedEnsemble, independentRandom, independentInception, sameRandom,
    sameInception, funmatch,
  ]
}
