import FunMatchImages
import FunMatchSettings

/// Who sees what of an image. The paper's eight are in `ViewPolicy+Paper.swift`.
public struct ViewPolicy: Sendable, Equatable {
  /// What the teachers see.
  public enum TeacherViews: Sendable, Equatable {
    /// The same as the student.
    case shared
    /// A view of the same kind, drawn independently.
    case independent
    /// One view, the same every time: their logits of each image are computed once.
    case fixed(Crop)
    /// So many views of the student's kind, the same every time: the mean of their probabilities is
    /// computed once for each image.
    case ensemble(Int)

    /// Whether the teachers' logits of each image are computed only once.
    public var isFixed: Bool { fixedViews > 0 }

    /// Number of views of an image that fixed teachers are given.
    public var fixedViews: Int {
      switch self {
      case .shared, .independent: 0
      case .fixed: 1
      case .ensemble(let count): count
      }
    }
  }

  /// Its name in recipes.
  public let name: String
  /// What it is, in one sentence.
  public let summary: String
  /// What the teachers see.
  public var teacher: TeacherViews
  /// How the student's views are cut.
  public var crop: Crop
  /// Whether half of the student's views are mirrored.
  public var flip: Bool
  /// Mixup's λ is drawn from Beta(mixup, mixup); 0 mixes nothing.
  public var mixup: Double

  /// A policy that has all its settings.
  public init(
    name: String, summary: String = "", teacher: TeacherViews, crop: Crop, flip: Bool,
    mixup: Double
  ) {
    (self.name, self.summary, self.teacher) = (name, summary, teacher)
    (self.crop, self.flip, self.mixup) = (crop, flip, mixup)
  }

  /// Checks what depends on the student's input size.
  ///
  /// - Parameter size: in pixels.
  /// - Throws: `ViewError` or `SettingsError` when a value is out of range.
  public func validate(size: Int) throws {
    try validate(at: "views")
    try crop.value.check(size: size)
    if case .fixed(let crop) = teacher { try crop.value.check(size: size) }
  }

  /// The student's view of an image of height × width, which the teachers may share.
  ///
  /// - Parameters:
  ///   - size: the student's input size in pixels, which crops of a fixed size are cut for.
  ///   - index: the image's place in its data set.
  public func view(
    height: Int, width: Int, size: Int, seed: UInt64, epoch: Int, index: Int
  ) -> View {
    var random = Philox(seed: seed, Stream.views.rawValue, epoch, index)
    return draw(height, width, size, &random)
  }

  /// The teachers' view in the same step, where it is their own; `nil` where they share the
  /// student's or theirs are fixed.
  public func teacherView(
    height: Int, width: Int, size: Int, seed: UInt64, epoch: Int, index: Int
  ) -> View? {
    guard teacher == .independent else { return nil }
    var random = Philox(seed: seed, Stream.teacherViews.rawValue, epoch, index)
    return draw(height, width, size, &random)
  }

  /// View `number`, in 0 ..< `teacher.fixedViews`, of those that fixed teachers are given.
  public func fixedView(
    height: Int, width: Int, size: Int, seed: UInt64, index: Int, number: Int
  ) -> View {
    var random = Philox(seed: seed, Stream.fixedViews.rawValue, index, number)
    if case .fixed(let crop) = teacher {
      return View(
        geometry: crop.value.draw(height: height, width: width, size: size, &random), flip: false)
    }
    return draw(height, width, size, &random)
  }

  private func draw(_ height: Int, _ width: Int, _ size: Int, _ random: inout Philox) -> View {
    let geometry = crop.value.draw(height: height, width: width, size: size, &random)
    return View(geometry: geometry, flip: flip && random.next() & 1 == 1)
  }
}
