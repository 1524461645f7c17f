import FunMatchDatasets
import FunMatchFiles
import FunMatchFrozen
import FunMatchImages
import FunMatchModels
import FunMatchRecipes
import FunMatchSettings
import FunMatchTorch

/// A frozen network that gives features, and all that these depend on.
package struct ProbeNetwork {
  /// Gives (N, features), f32.
  package let network: any Classifier
  /// What its convolutions compute in.
  package let precision: DType
  /// What its features depend on beside the images, in lines.
  package let identity: [String]
  /// What is to be said of it.
  package let remarks: [String]
  /// What a head for a program belongs to; `nil` for a network whose own head is replaced.
  package let origin: ProgramHead.Origin?

  /// The network of a model file, which was made to give features.
  ///
  /// - Parameters:
  ///   - path: the model file.
  ///   - calibration: what its int8 was calibrated with, and how that is decoded; `nil` where it computes in `precision`.
  package init(
    _ network: any Classifier, precision: DType, of path: String,
    calibration: (images: any Dataset, decoder: ImageDecoder)? = nil
  ) throws {
    let engine = network is FrozenNetwork ? Engine.openvino : .libtorch
    let frozen = Frozen(network: network, engine: engine)
    (self.network, self.precision) = (network, precision)
    identity =
      ["model: \(try Checksum.sha256(file: path))"] + frozen.identity + frozen.environment
      + (calibration.map { ["int8: \(ImageFingerprint.line(of: $0.images, $0.decoder))"] } ?? [])
    (remarks, origin) = ([], nil)
  }

  /// A program or an ONNX file in the words of a recipe, whose outputs are the features.
  ///
  /// - Parameters:
  ///   - views: images (count, 3, resolution, resolution) in [-1, 1], to see whether its outputs look like features.
  /// - Throws: `RecipeError` naming the file or the key.
  package init(
    program teacher: TeacherRecipe, engine: Engine, precision: Precision, device: Device,
    batchSize: Int, registry: Registry,
    views: @escaping (_ resolution: Int, _ count: Int) throws -> Tensor
  ) throws {
    guard teacher.head == nil else {
      throw RecipeError("head: \(teacher.path) is to get a new one; leave it out")
    }
    var recipe = SharedRecipe()
    (recipe.teachers, recipe.engine, recipe.precision) = ([teacher], engine, precision)
    // Names in a recipe count from its folder; here that is the current one.
    let loader = NetworkLoader(
      recipePath: "probe", registry: registry, device: device, batchSize: batchSize)
    let loaded: LoadedTeachers
    do {
      loaded = try TeacherLoader(
        loader: loader, recipe: recipe, device: device, chosen: nil, cacheFolder: nil,
        views: views
      ).teachers(classes: 0)
    } catch let error as RecipeError {
      throw RecipeError(Self.withoutPlace(error.description))
    }
    let found = loaded.teachers[0]
    (network, self.precision) = (found.network, found.precision)
    origin = try teacher.headOrigin(checksum: found.checksum)
    identity = ["program: \(found.checksum)"] + found.identity + found.environment
    remarks = loaded.remarks + loaded.warnings.map { "warning: \(Self.withoutPlace($0))" }
  }

  /// There is one network, so nobody has to be told which.
  private static func withoutPlace(_ words: String) -> String {
    let place = "teachers.0"
    guard words.hasPrefix(place) else { return words }
    return String(words.dropFirst(place.count).drop { $0 == ":" || $0 == "." || $0 == " " })
  }
}
