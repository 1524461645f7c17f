import FunMatchImages
import FunMatchTorch

/// What tells one network of a family from another, under the names that recipes use.
public protocol NetworkSpec: Codable, Sendable, Equatable {
  /// The family's key in recipes and model files, such as `bit`.
  static var family: String { get }
  /// Names that people know its networks by: ours, in the order of size, then timm's.
  static var known: [(name: String, spec: Self)] { get }
  /// The network of a name; by `known` where the family does not say otherwise.
  static func named(_ name: String) -> Self?
  /// How other programs lay the family's weights out in files.
  static var layouts: [WeightLayout] { get }

  /// Number of classes; `nil` until the data set, the teacher or the weights tell.
  var classes: Int? { get set }
  /// What the family's networks want their images to be, where nothing else tells.
  var usualInput: InputScaling { get }
  /// The one size of images that the network can look at, in pixels; `nil`: any.
  var fixedResolution: Int? { get }
  /// How images are usually prepared for the network; `nil` where nothing is usual.
  var usualPreprocessing: EvaluationPreprocessing? { get }
  /// Number of trainable values, as a float: it may be beyond any integer.
  var parameterCount: Double { get }

  /// The same with what is open taken from `other`.
  func completed(by other: Self) -> Self
  /// The same with what is open, the number of classes excepted, as a layout has it, or as it is
  /// usual where weights are not read.
  func completed(for layout: WeightLayout?) -> Self
  /// - Throws: `TorchError` when a size is out of range.
  func validate() throws
  /// The network with fresh values, or zeros if none are to be drawn.
  ///
  /// - Throws: `TorchError` when the spec is out of range or leaves `classes` open.
  func build(drawsValues: Bool) throws -> any Model
}

extension NetworkSpec {
  /// The network of a name among `known`.
  public static func named(_ name: String) -> Self? { known.first { $0.name == name }?.spec }

  /// Any.
  public var fixedResolution: Int? { nil }

  /// Nothing is usual.
  public var usualPreprocessing: EvaluationPreprocessing? { nil }

  /// Takes over the number of classes.
  public func completed(by other: Self) -> Self {
    var spec = self
    spec.classes = spec.classes ?? other.classes
    return spec
  }

  /// Nothing else is open.
  public func completed(for layout: WeightLayout?) -> Self { self }

  /// The number of classes, if it is possible.
  ///
  /// - Throws: `TorchError` when it is open or not possible.
  package func checkedClasses() throws -> Int {
    guard let classes else {
      throw TorchError("\(Self.family): the number of classes is not given")
    }
    try checkClasses()
    return classes
  }

  /// - Throws: `TorchError` when the number of classes is given and not possible.
  package func checkClasses() throws {
    guard (1...1_000_000).contains(classes ?? 1) else {
      throw TorchError("\(Self.family): classes \(classes ?? 0) must be between 1 and 1,000,000")
    }
  }
}
