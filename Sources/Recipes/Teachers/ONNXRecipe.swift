import FunMatchModels
import FunMatchSettings

/// A teacher that others wrote as an ONNX file.
public struct ONNXRecipe: Settings {
  /// The file, relative to the recipe, then to `FUNMATCH_WEIGHTS`.
  public var path = ""
  /// Number of its classes; `nil`: as the file tells.
  public var classes: Int?
  /// Names of the classes, in their order; empty where nobody knows them.
  public var classNames: [String] = []
  /// What comes out of it; `nil`: logits, if it does not end in a softmax.
  public var outputs: ClassifierOutputs?
  /// What it wants its images to be.
  public var input = ProgramRecipe.Input()

  /// None yet.
  public init() {}

  /// Its keys.
  public static let keys: [Key<ONNXRecipe>] = [
    Key(
      "path", \.path, "The file, beside the recipe, else in FUNMATCH_WEIGHTS.", isRequired: true),
    Key(
      "classes", \.classes, "Number of its classes; null: as the file tells.",
      .within(1...1_000_000)),
    Key("classNames", \.classNames, "Names of the classes, in their order."),
    Key(
      "outputs", \.outputs,
      "What comes out of it: logits, probabilities or logProbabilities; null: logits, unless it ends in a softmax."
    ),
    Key("input", \.input, "What it wants its images to be.", isRequired: true),
  ]

  /// - Throws: `SettingsError` naming the key.
  public func check(at key: String) throws {
    guard classNames.isEmpty || classes == nil || classNames.count == classes else {
      throw SettingsError(
        key + ".classNames", "has \(classNames.count) names, classes is \(classes ?? 0)")
    }
  }
}
