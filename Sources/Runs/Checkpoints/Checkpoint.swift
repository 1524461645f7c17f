import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchModels
import FunMatchOptimizers
import FunMatchRecipes
import FunMatchTorch

/// The state of a run after a step: weights and optimiser, in `checkpoints/000012500.safetensors`
/// with a `.json` beside it.
///
/// Both are written under other names first; the `.json` comes last, so a checkpoint that has one
/// is whole. One counts when it names the run of its folder and the step in its own name: others, such as copies, are neither
/// used nor removed.
public struct Checkpoint {
  /// What the `.json` says.
  public struct Description: Codable, Sendable, Equatable {
    /// Updates made.
    public var step: Int
    /// Which run it is of; `nil` in those of earlier versions.
    var run: String?
    /// What the run learns from, and the SHA-256 of every file of weights that it started from: a run
    /// that goes on must have the same.
    public var origin: [String]
    /// Updates that the optimiser counts.
    public var optimizerCount: Int
    /// Which arrays are no weights but belong to the optimiser or are averages, by the beginning of
    /// their names.
    public var statePrefixes: [String]
    /// What was measured of the step, if its evaluation was still to come and its line of metrics with
    /// it.
    public var pending: [String: Double]?
    /// Seconds that the run has taken of its hours; `nil` where its length is none of hours.
    public var seconds: Double?
    /// SHA-256 of the `.safetensors` file.
    public var sha256: String
  }

  /// The file of the run's folder that tells which run it is.
  static let namingFile = "engine.json"

  /// Where the arrays are.
  public let path: String
  /// What is known of them.
  public let description: Description

  /// Saves the state after `step` updates and removes checkpoints that the rule does not keep.
  ///
  /// - Parameters:
  ///   - pending: what was measured of the step, if its line of metrics is not written yet.
  ///   - seconds: what it has taken of its hours.
  ///   - average: the moving average of the weights, if there is one.
  ///   - rule: which checkpoints are kept.
  /// - Throws: `TorchError` when the disk is full or the folder cannot be written; older
  ///   checkpoints stay then.
  public static func save(
    _ model: any Model, _ optimizer: any Optimizer, average: AveragedModel? = nil, step: Int,
    origin: [String] = [], pending: [String: Double]? = nil, seconds: Double? = nil,
    folder: String, rule: CheckpointRecipe
  ) throws {
    let path = "\(folder)/\(Self.name(step)).safetensors"
    let run = Self.run(of: folder)
    let others = optimizer.state + (average?.state ?? [])
    let arrays = model.store.tensors.map { (name: $0.name, tensor: $0.tensor.detached()) } + others
    try Safetensors.write(arrays, metadata: metadata(run, step: step), to: path)
    let description = Description(
      step: step, run: run, origin: origin, optimizerCount: optimizer.count,
      statePrefixes: Set(others.map { String($0.name.prefix { $0 != "." }) + "." }).sorted(),
      pending: pending, seconds: seconds, sha256: try checksum(path))
    try JSONText.write(description, to: sidecar(path))
    // Later ones are damaged, or this run would have started from them.
    let all = list(folder)
    let later = all.filter { $0 > path }
    let passing = all.filter { $0 <= path }.dropLast(rule.keep).filter {
      !rule.isForGood(number($0))
    }
    for old in later + passing {
      try? FileManager.default.removeItem(atPath: sidecar(old))
      try? FileManager.default.removeItem(atPath: old)
    }
  }

  /// Whether a folder holds any checkpoint, whole or damaged.
  static func exists(in folder: String) -> Bool { !described(folder).isEmpty }

  /// Removes what a run that was killed while it saved has left: arrays without a description. Files under temporary names
  /// go when its folder is opened.
  public static func removeRemains(in folder: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names {
      let path = folder + "/" + name
      let isHalf =
        isNumbered(name) && !FileManager.default.fileExists(atPath: sidecar(path))
        && (try? SafetensorsFile(path).metadata) == metadata(run(of: folder), step: number(path))
      if isHalf { try? FileManager.default.removeItem(atPath: path) }
    }
  }

  /// The newest checkpoint in a folder that is whole; `nil` when there is none at all.
  ///
  /// - Parameter warn: told of each damaged checkpoint that was passed over, and of files that are none of this run's.
  /// - Throws: `RecipeError` when there are checkpoints but none is whole.
  public static func latest(in folder: String, warn: (String) -> Void) throws -> Checkpoint? {
    let paths = list(folder)
    let others = Set(weights(folder)).subtracting(paths).sorted()
    if !others.isEmpty {
      warn(
        "\(folder): left alone, since they are no checkpoints of this run under their own names: "
          + others.map { ($0 as NSString).lastPathComponent }.joined(separator: ", "))
    }
    for path in paths.reversed() {
      guard let description = whole(path) else {
        warn("\(path) is damaged (its SHA-256 differs from \(sidecar(path))); trying an older one")
        continue
      }
      return Checkpoint(path: path, description: description)
    }
    guard paths.isEmpty else {
      throw RecipeError("\(folder): none of its \(paths.count) checkpoints is whole")
    }
    return nil
  }

  /// All checkpoints of the folder's run, oldest first, and whether each is whole.
  static func states(in folder: String) -> [(path: String, isWhole: Bool)] {
    list(folder).map { ($0, whole($0) != nil) }
  }

  /// What is known of a checkpoint that is whole; `nil` of another.
  private static func whole(_ path: String) -> Description? {
    guard let description = JSONText.read(sidecar(path), as: Description.self),
      (try? checksum(path)) == description.sha256, description.step >= 0
    else { return nil }
    return description
  }

  /// The step of the newest checkpoint in a folder, and whether its evaluation was still to come when it
  /// was saved; `nil` where there is none.
  package static func newest(in folder: String) -> (step: Int, isPending: Bool)? {
    list(folder).last.map { path in
      let description = JSONText.read(sidecar(path), as: Description.self)
      return (number(path), description?.pending != nil)
    }
  }

  /// What the run of the newest checkpoint in a folder learns from; `nil` where there is none.
  package static func newestOrigin(in folder: String) -> [String]? {
    list(folder).last.flatMap { JSONText.read(sidecar($0), as: Description.self)?.origin }
  }

  /// Removes all that are not to be kept for good.
  package static func removeAll(in folder: String, rule: CheckpointRecipe) {
    for path in list(folder) where !rule.isForGood(number(path)) {
      try? FileManager.default.removeItem(atPath: sidecar(path))
      try? FileManager.default.removeItem(atPath: path)
    }
  }

  /// Removes all files under names of checkpoints, of whatever run.
  static func clear(_ folder: String) {
    for path in weights(folder) where isNumbered((path as NSString).lastPathComponent) {
      try? FileManager.default.removeItem(atPath: sidecar(path))
      try? FileManager.default.removeItem(atPath: path)
    }
  }

  /// Puts the saved state into a network and its optimiser.
  ///
  /// - Throws: `TorchError` when it does not fit.
  public func restore(
    _ model: any Model, _ optimizer: any Optimizer, average: AveragedModel? = nil
  ) throws {
    let arrays = try SafetensorsFile(path).readAll()
    let isWeight = { (name: String) in
      !description.statePrefixes.contains { name.hasPrefix($0) }
    }
    let others = arrays.filter { !isWeight($0.name) }
    try model.store.load(arrays.filter { isWeight($0.name) }, from: path)
    try optimizer.restore(others, count: description.optimizerCount, from: path)
    try average?.restore(others, from: path)
  }

  /// The step in a checkpoint's name.
  static func number(_ path: String) -> Int {
    Int((path as NSString).lastPathComponent.prefix { $0 != "." }) ?? 0
  }

  static func sidecar(_ path: String) -> String {
    String(path.dropLast("safetensors".count)) + "json"
  }

  /// Checkpoints of the folder's run that have a description, if only a damaged one, oldest first.
  static func list(_ folder: String) -> [String] {
    let run = run(of: folder)
    return described(folder).filter { path in
      guard let found = JSONText.read(sidecar(path), as: Description.self) else { return true }
      return found.step == number(path) && (run == nil || found.run == run)
    }
  }

  /// Files with the names of checkpoints that have a description, of whatever run.
  private static func described(_ folder: String) -> [String] {
    weights(folder).filter { path in
      isNumbered((path as NSString).lastPathComponent)
        && FileManager.default.fileExists(atPath: sidecar(path))
    }
  }

  /// All files in a folder that might hold weights.
  private static func weights(_ folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".safetensors") }.sorted().map { folder + "/" + $0 }
  }

  static func name(_ step: Int) -> String {
    let digits = String(step)
    return String(repeating: "0", count: max(0, 9 - digits.count)) + digits
  }

  private static func isNumbered(_ file: String) -> Bool {
    Int(file.prefix { $0 != "." }).map { name($0) + ".safetensors" } == file
  }

  /// Which run a folder's checkpoints are of, as the folder around it says.
  static func run(of folder: String) -> String? {
    struct Named: Decodable { let run: String? }
    let around = (folder as NSString).deletingLastPathComponent
    return JSONText.read("\(around)/\(namingFile)", as: Named.self)?.run
  }

  private static func metadata(_ run: String?, step: Int) -> [String: String] {
    ["funmatch.step": String(step), "funmatch.run": run].compactMapValues(\.self)
  }

  private static func checksum(_ path: String) throws -> String {
    try Checksum.sha256(file: path)
  }
}
