import Foundation
import FunMatchDistillation
import FunMatchFrozen
import FunMatchModels
import FunMatchNN
import FunMatchRecipes
import FunMatchTorch

/// What a run takes of memory at most, from the shapes of its networks: no weight is read for it.
///
/// Weights, gradients and what the optimizer keeps; maps that the student's backward pass needs; the teachers' maps that live at
/// a time; views, those that are drawn ahead among them; and what libraries take. Where teachers and student take turns,
/// memory that one gave up serves the other.
package struct MemoryEstimate {
  /// Settings that it depends on, and that a user may change.
  package struct Size: Sendable, Equatable {
    /// Images a step of this process, and those that networks are given at a time.
    var batch, atOnce: Int
    /// The student's input size in pixels.
    var resolution: Int
    /// Images of an evaluation's forward pass; 0: there is none.
    var evaluated: Int
  }

  /// Those of the recipe.
  package let size: Size
  /// Number of trainable values of the student.
  let parameters: Int
  /// Whether networks have memory of their own, beside that of views.
  let isOnDevice: Bool
  private let student: any Model
  private let studentMode: Mode
  /// Bytes of the student that do not depend on images.
  package let studentBytes: Int
  private let teachers: [TeacherMemory]
  private let evaluatedSide: Int
  private let steps: Int
  private let sharesViews: Bool

  /// What libtorch, its kernels and OpenVINO take once they have computed something.
  static let libraries = 120 << 20
  /// What lies unused between tensors of many sizes.
  static let gaps = 1.05

  /// - Parameters:
  ///   - likely: number of classes, where teachers do not tell it.
  ///   - evaluated: images that are evaluated at a time; 0: none are.
  ///   - steps: how many are made.
  /// - Returns: `nil` where nobody knows the student's shape before its weights are read.
  /// - Throws: an error naming the file or the key of a network that cannot be built.
  package init?(
    _ kind: TrainingKind, _ recipe: Recipe, _ loader: NetworkLoader, _ options: RunOptions,
    classes likely: Int? = nil, evaluated: Int, steps: Int
  ) throws {
    let (shared, own) = (recipe.shared, recipe.student)
    let named = kind == .supervision ? [] : shared.teachers
    let most = likely.flatMap { $0 > 0 ? $0 : nil } ?? Self.mostClasses
    let teachers = try named.map { try TeacherMemory($0, shared, loader, classes: most) }
    let classes = teachers.lazy.compactMap(\.classes).first ?? most
    guard let student = try Self.shape(own.model, own.weights, loader, classes: classes)
    else { return nil }
    let processes = options.group?.size ?? 1
    func share(_ count: Int) -> Int { (count + processes - 1) / processes }
    size = Size(
      batch: share(shared.batchSize), atOnce: share(shared.imagesAtOnce),
      resolution: shared.resolution, evaluated: evaluated)
    isOnDevice = options.device != .cpu
    (self.student, self.teachers, self.steps) = (student, teachers, steps)
    studentMode = .training(own.precision.dtype ?? .f32)
    parameters = student.store.valueCount
    let trained = student.store.parameters.filter { parameter in
      !own.frozen.contains { fnmatch($0, parameter.name, 0) == 0 }
    }.map(\.value.shape)
    let values = student.store.all.reduce(0) { $0 + $1.value.count }
    let kernels = student.store.parameters.reduce(0) { sum, parameter in
      parameter.value.shape.count == 4 ? sum + parameter.value.count : sum
    }
    studentBytes =
      4 * values + 4 * trained.reduce(0) { $0 + $1.reduce(1, *) }
      + own.optimizer.value.stateBytes(of: trained) + (own.average == nil ? 0 : 4 * values)
      + studentMode.precision.size * kernels
    evaluatedSide = recipe.preprocessing.crop
    sharesViews = shared.views.teacher == .shared
  }

  /// As many as a data set is likely to have, where nothing tells.
  private static let mostClasses = 1000

  /// A network as shapes alone; `nil` where only its weights tell which it is.
  static func shape(
    _ spec: ModelSpec?, _ weights: String?, _ loader: NetworkLoader, classes: Int
  ) throws -> (any Model)? {
    let path = try weights.flatMap { loader.invents($0) ? nil : try loader.find($0) }
    let found = try path.flatMap { try ModelFile.card(in: $0, registry: loader.registry)?.spec }
    guard var spec = spec.map({ given in found.map { given.completed(by: $0) } ?? given }) ?? found
    else { return nil }
    spec.classes = spec.classes ?? classes
    return try spec.shape()
  }

  /// Bytes of everything: of the whole process, or of its device where networks have memory of their own.
  ///
  /// - Parameter resident: what the process has already.
  package func bytes(resident: Int) -> Int { bytes(size, resident: resident) }

  func bytes(_ size: Size, resident: Int) -> Int {
    let networks = networkBytes(size)
    guard !isOnDevice else { return networks }
    return resident + Self.libraries + viewBytes(size) + networks
  }

  /// Weights, and the maps of whatever takes most of them at a time.
  private func networkBytes(_ size: Size) -> Int {
    let side = size.resolution
    let images = 2 * 3 * side * side * 4
    let maps = student.mapBytes(height: side, width: side, studentMode)
    var passes =
      teachers.map { $0.passBytes(images: size.atOnce) } + [size.atOnce * (maps + images)]
    if size.evaluated > 0 {
      let side = max(1, evaluatedSide * size.resolution / max(1, self.size.resolution))
      let mode = Mode.evaluation(studentMode.precision)
      passes.append(size.evaluated * student.mapBytes(height: side, width: side, mode))
      passes += teachers.map { $0.passBytes(images: size.evaluated) }
    }
    let kept = teachers.reduce(studentBytes) {
      $0 + $1.weightBytes + $1.ownBytes(images: size.atOnce)
    }
    return kept + Int(Double(passes.max() ?? 0) * Self.gaps)
  }

  /// Pixels of the step at hand, and of those that are drawn ahead.
  func viewBytes(_ size: Size) -> Int {
    let sides = [size.resolution] + (sharesViews ? teachers.map(\.resolution) : [])
    let own = sharesViews ? [] : teachers.map(\.resolution)
    let image = (Array(Set(sides)) + Set(own)).reduce(0) { $0 + 3 * $1 * $1 }
    return Self.viewBytes(each: size.batch * image, batches: steps)
  }

  /// Pixels of a batch and of those that are drawn ahead, where one takes so many bytes.
  static func viewBytes(each: Int, batches: Int) -> Int {
    let each = max(1, each)
    let ahead = min(max((256 << 20) / each, 1), 4)
    return each * (1 + min(ahead, max(0, batches - 1)))
  }

  /// Bytes of views alone, which are in the process's memory wherever networks compute.
  func hostBytes(_ size: Size, resident: Int) -> Int {
    resident + Self.libraries + viewBytes(size)
  }
}
