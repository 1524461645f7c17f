import FunMatchImages
import FunMatchModels
import FunMatchTorch

extension Recipe {
  /// A teacher that PyTorch saved as a program.
  public struct Program: Codable, Sendable, Equatable {
    /// The file, relative to the recipe, then to `FUNMATCH_WEIGHTS`.
    public var path: String
    /// Number of its classes.
    public var classes: Int
    /// Names of the classes, in their order; empty where nobody knows them.
    public var classNames: [String]
    /// Whether it may run: it can do whatever the user can.
    public var trusted: Bool
    /// Images that it takes at once, if it was saved for just so many; `nil`: any number.
    public var batchSize: Int?
    /// What it wants its images to be.
    public var input: Input

    /// Images for a program.
    public struct Input: Codable, Sendable, Equatable {
      /// Sides in pixels.
      public var size: Int
      /// The order of the dimensions.
      public var layout: ProgramClassifier.Layout
      /// What pixels are scaled to.
      public var scaling: InputScaling
    }
  }
}

extension Recipe.Program {
  private enum CodingKeys: String, CodingKey {
    case path, classes, classNames, trusted, batchSize, input
  }

  /// Decodes with defaults; nothing is trusted without being said.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    path = try keys.decode(String.self, forKey: .path)
    classes = try keys.decode(Int.self, forKey: .classes)
    classNames = try keys.value(.classNames, or: [])
    trusted = try keys.value(.trusted, or: false)
    batchSize = try keys.decodeIfPresent(Int.self, forKey: .batchSize)
    input = try keys.decode(Input.self, forKey: .input)
  }

  /// Writes an absent number as null.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(path, forKey: .path)
    try keys.encode(classes, forKey: .classes)
    try keys.encode(classNames, forKey: .classNames)
    try keys.encode(trusted, forKey: .trusted)
    try keys.encode(batchSize, forKey: .batchSize)
    try keys.encode(input, forKey: .input)
  }

  /// - Throws: `ExperimentError` naming the key.
  func validate(_ key: String) throws {
    func fail(_ reason: String) throws -> Never { throw ExperimentError("\(key).\(reason)") }
    guard (1...EvaluationPreprocessing.largestSide).contains(input.size) else {
      try fail(
        "input.size: \(input.size) must be between 1 and \(EvaluationPreprocessing.largestSide)")
    }
    guard (1...1_000_000).contains(classes) else {
      try fail("classes: \(classes) must be between 1 and 1,000,000")
    }
    guard classNames.isEmpty || classNames.count == classes else {
      try fail("classNames: has \(classNames.count) names, classes is \(classes)")
    }
    guard (1...1 << 20).contains(batchSize ?? 1) else {
      try fail("batchSize: \(batchSize ?? 0) must be positive and at most \(1 << 20)")
    }
    guard trusted else {
      try fail(
        "trusted: \(path) is a program that runs with your rights; say `trusted: true` if you would "
          + "run it")
    }
  }
}

extension Recipe.Program.Input {
  private enum CodingKeys: String, CodingKey {
    case size, layout
  }

  /// Decodes size, layout (nchw without it) and, beside them, what `InputScaling` reads.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    size = try keys.decode(Int.self, forKey: .size)
    layout = try keys.value(.layout, or: .nchw)
    scaling = try InputScaling(from: decoder)
  }

  /// Writes all keys side by side.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(size, forKey: .size)
    try keys.encode(layout, forKey: .layout)
    try scaling.encode(to: encoder)
  }
}
