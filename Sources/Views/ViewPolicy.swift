import FunMatchImages

/// Who sees what of an image. The paper's eight are in `ViewPolicy+Paper.swift`.
public struct ViewPolicy: Sendable, Equatable {
  /// What the teachers see.
  public enum Teacher: Sendable, Equatable {
    /// The same as the student.
    case shared
    /// A view of the same kind, drawn independently.
    case independent
    /// One view, the same every time: they are asked about each image once.
    case fixed(Crop)
    /// So many views of the student's kind, the same every time: the mean of their probabilities is
    /// computed once for each image.
    case ensemble(Int)

    /// Whether the teachers are asked about each image only once.
    public var isFixed: Bool {
      switch self {
      case .shared, .independent: false
      case .fixed, .ensemble: true
      }
    }

    /// Number of views of an image that fixed teachers are asked about.
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
  /// What the teachers see.
  public var teacher: Teacher
  /// How the student's views are cut.
  public var crop: Crop
  /// Whether half of the student's views are mirrored.
  public var flip: Bool
  /// Mixup's λ is drawn from Beta(mixup, mixup); 0 mixes nothing.
  public var mixup: Double

  /// A policy that has all its settings.
  public init(name: String, teacher: Teacher, crop: Crop, flip: Bool, mixup: Double) {
    self.name = name
    self.teacher = teacher
    self.crop = crop
    self.flip = flip
    self.mixup = mixup
  }

  /// - Parameter size: the student's input size in pixels.
  /// - Throws: `ViewError` when a value is out of range.
  public func validate(size: Int) throws {
    try crop.validate(size: size)
    guard mixup >= 0, mixup.isFinite else {
      throw ViewError("views.mixup: \(mixup) must be 0 or a positive parameter of Beta")
    }
    if case .ensemble(let count) = teacher, !(1...10_000).contains(count) {
      throw ViewError("views.ensemble: \(count) must be between 1 and 10000 crops")
    }
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
  /// student's or are not asked.
  public func teacherView(
    height: Int, width: Int, size: Int, seed: UInt64, epoch: Int, index: Int
  ) -> View? {
    guard teacher == .independent else { return nil }
    var random = Philox(seed: seed, Stream.teacherViews.rawValue, epoch, index)
    return draw(height, width, size, &random)
  }

  /// View `number`, in 0 ..< `teacher.fixedViews`, of those that fixed teachers are asked about.
  public func fixedView(
    height: Int, width: Int, size: Int, seed: UInt64, index: Int, number: Int
  ) -> View {
    var random = Philox(seed: seed, Stream.fixedViews.rawValue, index, number)
    if case .fixed(let crop) = teacher {
      return View(
        geometry: crop.draw(height: height, width: width, size: size, &random), flip: false)
    }
    return draw(height, width, size, &random)
  }

  private func draw(_ height: Int, _ width: Int, _ size: Int, _ random: inout Philox) -> View {
    let geometry = crop.draw(height: height, width: width, size: size, &random)
    return View(geometry: geometry, flip: flip && random.next() & 1 == 1)
  }
}

extension ViewPolicy: Codable {
  private enum CodingKeys: String, CodingKey {
    case policy, crop, flip, mixup, ensemble
  }

  /// Decodes a name with what is to be different from that policy's own settings; function matching
  /// as published where nothing is said.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let name = try keys.decodeIfPresent(String.self, forKey: .policy) ?? Self.funmatch.name
    guard var policy = Self.paper.first(where: { $0.name == name }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .policy, in: keys,
        debugDescription: "'\(name)' is none of "
          + Self.paper.map(\.name).joined(separator: ", "))
    }
    policy.crop = try keys.decodeIfPresent(Crop.self, forKey: .crop) ?? policy.crop
    policy.flip = try keys.decodeIfPresent(Bool.self, forKey: .flip) ?? policy.flip
    policy.mixup = try keys.decodeIfPresent(Double.self, forKey: .mixup) ?? policy.mixup
    if let count = try keys.decodeIfPresent(Int.self, forKey: .ensemble) {
      guard case .ensemble = policy.teacher else {
        throw DecodingError.dataCorruptedError(
          forKey: .ensemble, in: keys,
          debugDescription: "only policies whose teacher averages crops have it; \(name) does not")
      }
      policy.teacher = .ensemble(count)
    }
    self = policy
  }

  /// Writes what `init(from:)` reads, the number of crops as null where there is none.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(name, forKey: .policy)
    try keys.encode(crop, forKey: .crop)
    try keys.encode(flip, forKey: .flip)
    try keys.encode(mixup, forKey: .mixup)
    var count: Int?
    if case .ensemble(let crops) = teacher { count = crops }
    try keys.encode(count, forKey: .ensemble)
  }
}
