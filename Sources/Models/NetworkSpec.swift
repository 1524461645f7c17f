import FunMatchImages
import FunMatchNN
import FunMatchSettings

/// What tells one network of a family from another, under the names that recipes use; its name is the
/// family's, such as `bit`. A user of the library adds a family with `Registry.adding(family:)`.
///
/// Ranges of keys bound a network's size: it is built of shapes alone to be counted, so no array may
/// have more values than an `Int` counts, nor a network more than some ten thousand arrays.
public protocol NetworkSpec: Variant {
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

  /// The same with what is open taken from `other`.
  func completed(by other: Self) -> Self
  /// The same with what is open, the number of classes excepted, as a layout has it, or as it is
  /// usual where weights are not read.
  func completed(for layout: WeightLayout?) -> Self
  /// The network with parameters that hold such values.
  ///
  /// - Throws: `SettingsError` when the spec is out of range or leaves `classes` open.
  func build(_ values: InitialValues) throws -> any Model
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

  /// The number of classes of a spec that a network can be built to.
  ///
  /// - Throws: `SettingsError` when it is open, or a key is out of range.
  public func checkedClasses() throws -> Int {
    try validate(at: Self.name)
    guard let classes else {
      throw SettingsError(at: Self.name, "classes", "the number of classes is not given")
    }
    return classes
  }

  /// Number of trainable values; those of the last layer count if the number of classes is known.
  ///
  /// - Throws: `SettingsError` when a key is out of range.
  public var parameterCount: Int {
    get throws {
      var spec = self
      spec.classes = classes ?? 1
      let model = try spec.build(.none)
      let head = model.head.reduce(0) { $0 + $1.value.count }
      return model.store.valueCount - (classes == nil ? head : 0)
    }
  }
}

extension Key where Root: NetworkSpec {
  /// The number of classes, which every family has.
  public static var classes: Key {
    Key(
      "classes", \.classes,
      "Number of classes; left out: as many as the teacher, the weights or the labels have.",
      .within(1...1_000_000))
  }
}
