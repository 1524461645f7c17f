import FunMatchFiles
import FunMatchFrozen
import FunMatchModels
import FunMatchNN
import FunMatchRecipes
import FunMatchTorch

/// What a network that is not trained takes of memory.
struct TeacherMemory {
  /// Number of classes, where it is known.
  let classes: Int?
  /// Input size in pixels.
  let resolution: Int
  /// Bytes of its weights, as often as they are in memory.
  let weightBytes: Int
  /// Bytes of the maps of an image that live at a time; 0 where nobody knows its shape.
  private let mapBytes: Int
  /// Whether OpenVINO computes it.
  private let isCompiled: Bool

  /// Images that OpenVINO is given at a time.
  private static let mostCompiled = 64

  /// Bytes of maps that it has for itself, whatever others compute: OpenVINO's.
  func ownBytes(images: Int) -> Int {
    guard isCompiled else { return 0 }
    let parts = max(1, (images + Self.mostCompiled - 1) / Self.mostCompiled)
    return (images + parts - 1) / parts * mapBytes
  }

  /// Bytes of a forward pass that others may have once it is done.
  func passBytes(images: Int) -> Int {
    images * (2 * 3 * resolution * resolution * 4 + (isCompiled ? 0 : mapBytes))
  }
}

extension TeacherMemory {
  /// A network of a file.
  ///
  /// - Parameters:
  ///   - model: its shape.
  ///   - side: of the images that it is shown, in pixels.
  ///   - isCompiled: whether OpenVINO computes it.
  init(_ model: any Model, side: Int, precision: DType, isCompiled: Bool) {
    // OpenVINO has a copy of its own beside those that were lent to it and those that it was told of.
    let value = isCompiled ? 8 + precision.size : precision.size
    self.init(
      classes: model.classes, resolution: side, weightBytes: model.store.valueCount * value,
      mapBytes: model.mapBytes(height: side, width: side, .evaluation(precision)),
      isCompiled: isCompiled)
  }

  /// - Parameter likely: number of classes where nothing tells it.
  /// - Throws: an error naming the file or the key of a network that cannot be built.
  init(
    _ teacher: TeacherRecipe, _ recipe: SharedRecipe, _ loader: NetworkLoader, classes likely: Int
  ) throws {
    let isCompiled =
      recipe.engine != .libtorch && loader.device == .cpu && OpenVINO.atHand != nil
    guard case .weights(let path, let spec) = teacher.source,
      let model = try MemoryEstimate.shape(spec, path, loader, classes: likely)
    else {
      let file = loader.invents(teacher.path) ? nil : try? loader.find(teacher.path)
      let size = file.flatMap { try? InputFile($0).size } ?? 0
      self.init(
        classes: nil, resolution: teacher.resolution, weightBytes: 2 * size, mapBytes: 0,
        isCompiled: isCompiled)
      return
    }
    self.init(
      model, side: teacher.resolution, precision: recipe.precision.dtype ?? .f32,
      isCompiled: isCompiled)
  }
}
