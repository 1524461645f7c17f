import FunMatchDistillation
import FunMatchFiles
import FunMatchRecipes
import FunMatchTorch

/// Everything that teachers' logits depend on, in lines that are compared: the whole shared half of a recipe less what
/// cannot matter, so that a key that somebody adds later counts by default. Files count by their checksums and data sets
/// by their fingerprints, never by their paths.
public struct BankIdentity: Sendable, Equatable {
  /// What must be the same, as `key: value`.
  public let lines: [String]
  /// What shows in the last bits: versions of what computed, and the kernels in use.
  public let environment: [String]

  /// Keys that do not matter for the logits of batches, by the beginnings of their names.
  private static let free = [
    "data.", "classes.", "cache", "combine", "evaluation.", "bank.epochs", "engine", "precision",
  ]
  /// Keys that matter only where libtorch computes.
  private static let freeOfCompiled = ["microBatchSize"]
  /// Further keys that do not matter for one teacher's logits of whole images, whatever the batch.
  private static let freeOfTargets = ["bank", "batchSize", "microBatchSize", "views.mixup"]
  /// Those that matter only where the target is a mean over crops.
  private static let freeOfOneView = ["views.crop", "views.flip", "seed"]
  /// Keys of a teacher that do not matter, or that other lines stand for.
  private static let freeOfTeachers = [
    "weight", "weights", "key", "prefix", "model", "input", "path", "trusted", "int8", "head",
  ]

  /// Of the logits of all teachers of every batch.
  ///
  /// - Parameters:
  ///   - images: what tells the training images from others.
  public static func batches(
    _ recipe: SharedRecipe, images: [String], teachers: [Teacher], device: Device
  ) throws -> BankIdentity {
    try BankIdentity(recipe, images, teachers, device, Array(teachers.indices), without: free)
  }

  /// Of the logits of one teacher whose views are fixed.
  public static func targets(
    of teacher: Int, _ recipe: SharedRecipe, images: [String], teachers: [Teacher], device: Device
  ) throws -> BankIdentity {
    var isMean = false
    if case .ensemble = recipe.views.teacher { isMean = true }
    return try BankIdentity(
      recipe, images, teachers, device, [teacher],
      without: free + freeOfTargets + (isMean ? [] : freeOfOneView))
  }

  private init(
    _ recipe: SharedRecipe, _ images: [String], _ teachers: [Teacher], _ device: Device,
    _ places: [Int], without free: [String]
  ) throws {
    let values = RecipeText.values(in: try RecipeText.text(recipe))
    let own = places.map { teachers[$0] }
    let isCompiled = own.allSatisfy { $0.identity.contains("engine: openvino") }
    let free = free + (isCompiled ? Self.freeOfCompiled : [])
    func isFree(_ key: String) -> Bool {
      free.contains { $0.hasSuffix(".") ? key.hasPrefix($0) : key == $0 || key.hasPrefix($0 + ".") }
    }
    var lines = values.filter { !isFree($0.key) && !$0.key.hasPrefix("teachers") }
      .map { "\($0.key): \($0.value)" }
    for (number, place) in places.enumerated() {
      let prefix = "teachers.\(place)."
      for (key, value) in values where key.hasPrefix(prefix) {
        let own = key.dropFirst(prefix.count)
        guard
          !own.split(separator: ".").contains(where: { Self.freeOfTeachers.contains(String($0)) })
        else { continue }
        // A kind of teacher that is younger than banks which need not know of it.
        if own == "onnx" && value == "none" { continue }
        lines.append("teachers.\(number).\(own): \(value)")
      }
      lines.append("teachers.\(number).file: \(teachers[place].checksum)")
      let told = recipe.teachers[place].placeInFile + teachers[place].identity
      lines += told.map { "teachers.\(number).\($0)" }
    }
    if case .fixed(let crop) = recipe.views.teacher {
      lines.append("views.teacher: \(try JSONText.line(crop))")
    }
    // What they compute in, whatever the recipe left open.
    lines += Set(own.map { "precision: \($0.precision)" })
    self.lines = (lines + images.map { "data.\($0)" } + ["device: \(device)"]).sorted()
    environment = Set(own.flatMap(\.environment)).sorted { $0 > $1 }
  }

  /// For tests: an identity of any lines.
  package init(lines: [String], environment: [String] = []) {
    (self.lines, self.environment) = (lines, environment)
  }

  /// What files are called that belong to it, the environment aside.
  var key: String { String(Checksum.sha256(of: lines.joined(separator: "\n")).prefix(32)) }

  /// Lines in which two descriptions differ, as `seed: 1 there, 0 now`.
  static func difference(_ there: [String], _ now: [String]) -> [String] {
    func values(_ lines: [String]) -> [String: String] {
      Dictionary(
        lines.map { line in
          let parts = line.split(separator: ":", maxSplits: 1)
          return (String(parts[0]), parts.count > 1 ? parts[1].trimmingPrefix(" ").description : "")
        }, uniquingKeysWith: { $0 + ", " + $1 })
    }
    let (before, after) = (values(there), values(now))
    return Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted().map {
      "\($0): \(before[$0] ?? "nothing") there, \(after[$0] ?? "nothing") now"
    }
  }
}
