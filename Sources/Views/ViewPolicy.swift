/// Who sees what: the policies that the paper compares (section 3.1.1), under the names that
/// recipes use.
public struct ViewPolicy: Codable, Sendable, Equatable {
  /// Which networks share a view.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// Teacher and student see the same view.
    case same
    /// The same, and the same mixup of it: function matching.
    case funmatch
  }

  /// Which networks share a view.
  public var policy: Kind
  /// How views are cut.
  public var crop: Crop
  /// Whether half of the views are mirrored.
  public var flip: Bool
  /// Mixup's λ is drawn from Beta(mixup, mixup); 0 mixes nothing.
  public var mixup: Double

  /// Function matching as published, where nothing else is said; `same` does not mix.
  public init(
    policy: Kind = .funmatch, crop: Crop = .inception(areaMin: 0.05, areaMax: 1),
    flip: Bool = true, mixup: Double? = nil
  ) {
    self.policy = policy
    self.crop = crop
    self.flip = flip
    self.mixup = mixup ?? (policy == .funmatch ? 1 : 0)
  }

  /// Decodes with the defaults in place of absent keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let standard = ViewPolicy()
    self.init(
      policy: try keys.decodeIfPresent(Kind.self, forKey: .policy) ?? standard.policy,
      crop: try keys.decodeIfPresent(Crop.self, forKey: .crop) ?? standard.crop,
      flip: try keys.decodeIfPresent(Bool.self, forKey: .flip) ?? standard.flip,
      mixup: try keys.decodeIfPresent(Double.self, forKey: .mixup))
  }

  /// - Parameter size: input size of the networks in pixels.
  /// - Throws: `ViewError` when a value is out of range.
  public func validate(size: Int) throws {
    try crop.validate(size: size)
    guard mixup >= 0, mixup.isFinite else {
      throw ViewError("views.mixup: \(mixup) must be 0 or a positive parameter of Beta")
    }
  }

  /// The view of an image of height × width that both networks share.
  ///
  /// - Parameters:
  ///   - size: input size in pixels that crops of a fixed size are cut for.
  ///   - index: the image's place in its data set.
  public func view(
    height: Int, width: Int, size: Int, seed: UInt64, epoch: Int, index: Int
  ) -> View {
    var random = Philox(seed: seed, Stream.views.rawValue, epoch, index)
    let geometry = crop.draw(height: height, width: width, size: size, &random)
    return View(geometry: geometry, flip: flip && random.next() & 1 == 1)
  }
}
