import FunMatchImages
import FunMatchModels
import FunMatchSettings

/// A teacher that PyTorch saved as a program.
public struct ProgramRecipe: Settings {
  /// What it wants its images to be.
  public struct Input: Settings {
    /// Sides in pixels.
    public var size = 0
    /// The order of the dimensions.
    public var layout = ProgramClassifier.Layout.nchw
    /// What pixels are scaled to.
    public var scaling = InputScaling.official

    /// Of no size yet.
    public init() {}

    /// Its keys; those of `InputScaling` stand beside the others.
    public static let keys: [Key<Input>] =
      [
        Key(
          "size", \.size, "Sides of the images in pixels.",
          .within(1...EvaluationPreprocessing.largestSide), isRequired: true),
        Key("layout", \.layout, "The order of the dimensions: (N, 3, H, W) or (N, H, W, 3)."),
      ] + InputScaling.keys.map { $0.lifted(\Input.scaling) }

    /// - Throws: `SettingsError` when the scaling is impossible.
    public mutating func didDecode(_ decoder: any Decoder) throws {
      try scaling.didDecode(decoder)
    }
  }

  /// The file, relative to the recipe, then to `FUNMATCH_WEIGHTS`.
  public var path = ""
  /// Number of its classes.
  public var classes = 0
  /// Names of the classes, in their order; empty where nobody knows them.
  public var classNames: [String] = []
  /// What comes out of it; `nil`: logits, with a warning where they look like something else.
  public var outputs: ClassifierOutputs?
  /// Whether it may run: it can do whatever the user can.
  public var trusted = false
  /// Images that it takes at once, if it was saved for just so many; `nil`: any number.
  public var batchSize: Int?
  /// What it wants its images to be.
  public var input = Input()

  /// None yet.
  public init() {}

  /// Its keys.
  public static let keys: [Key<ProgramRecipe>] = [
    Key(
      "path", \.path, "The file, beside the recipe, else in FUNMATCH_WEIGHTS.", isRequired: true),
    Key("classes", \.classes, "Number of its classes.", .within(1...1_000_000), isRequired: true),
    Key("classNames", \.classNames, "Names of the classes, in their order."),
    Key(
      "outputs", \.outputs,
      "What comes out of it: logits, probabilities or logProbabilities; null: logits."),
    Key(
      "trusted", \.trusted,
      "Whether it may run with your rights: a program can do whatever you can."),
    Key(
      "batchSize", \.batchSize, "Images that it takes at once, if it was saved for just so many.",
      .positive(upTo: 1 << 20)),
    Key("input", \.input, "What it wants its images to be.", isRequired: true),
  ]

  /// - Throws: `SettingsError` naming the key.
  public func check(at key: String) throws {
    guard classNames.isEmpty || classNames.count == classes else {
      throw SettingsError(
        key + ".classNames", "has \(classNames.count) names, classes is \(classes)")
    }
    guard trusted else {
      throw SettingsError(
        key + ".trusted",
        "\(path) is a program that runs with your rights; say `trusted: true` if you would run it")
    }
  }
}
