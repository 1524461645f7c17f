import FunMatchImages

extension Recipe {
  /// How images are decoded.
  public struct Decoding: Codable, Sendable, Equatable {
    /// The inverse cosine transform of JPEG files: TensorFlow's, on which official numbers rest, or the
    /// accurate one of Pillow and OpenCV.
    public var inverseDCT: ImageDecoder.InverseDCT
    /// Whether the orientation that a camera noted is honoured.
    public var orientation: ImageDecoder.EXIFOrientation
    /// Whether corrupt data in the middle of a JPEG is an error.
    public var damage: ImageDecoder.Damage
  }
}

extension Recipe.Decoding {
  /// TensorFlow's, but for the refusal of corrupt files.
  public init() {
    inverseDCT = .fast
    orientation = .ignore
    damage = .refuse
  }

  /// Decodes with defaults.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    self.init()
    inverseDCT = try keys.value(.inverseDCT, or: inverseDCT)
    orientation = try keys.value(.orientation, or: orientation)
    damage = try keys.value(.damage, or: damage)
  }

  /// The decoder.
  public var decoder: ImageDecoder {
    ImageDecoder(inverseDCT: inverseDCT, orientation: orientation, damage: damage)
  }
}
