import Foundation
import FunMatchDatasets
import FunMatchRecipes
import FunMatchSettings
import FunMatchTensorBoard
import FunMatchTorch

/// What a command line says of a run beside its recipe.
public struct RunOptions: Sendable {
  /// The run's folder.
  public var output: String
  /// Whether to continue what is in the folder.
  public var resume: Bool
  /// Where to compute.
  public var device: Device
  /// Whether to write only warnings and results.
  public var isQuiet: Bool
  /// Where data sets are looked for first.
  public var dataFolder: String?
  /// What names are looked up in.
  public var registry: Registry
  /// Threads that read and draw images; `nil`: as many as the machine has cores. What they draw does
  /// not depend on it.
  public var workers: Int?
  /// Threads of each network, one after the other; `nil`: how they share the cores is measured, or known from the folder.
  public var threads: Int?
  /// Steps of a run that is only tried out: generated images and fresh weights stand in for what is not
  /// here, and no more images are opened than it needs. `nil`: the run is meant.
  public var dryRunSteps: Int?
  /// When the command began, from which the hours of a schedule count.
  public var begin = ContinuousClock.now
  /// What comments in the run's recipe say of its keys, beside those that it has.
  public var notes: RecipeNotes = [:]
  /// What the run is in a study: put before its warnings, and shown in TensorBoard's HParams; `nil`: it is in none.
  public var session: HyperparameterSession?
  /// What share of the usual time measuring may take before the first step: less where the whole run has little.
  package var measuringShare = 1.0
  /// What networks compute with, if the run, or another of its group, has begun; `nil`: nothing is settled.
  package var chosen: EngineChoice?
  /// How cores are shared, if another group of a study has settled that.
  package var threadPlan: ThreadPlan?
  /// Whether many students may train side by side.
  package var isStudy = false
  /// The processes that make the run together, of which the first writes; `nil`: this one alone.
  public private(set) var group: ProcessGroup?
  /// Called after every step; once it returns true, the state is saved and the run ends.
  public var shouldStop: @Sendable () -> Bool

  /// All named.
  public init(
    output: String, resume: Bool = false, device: Device = .cpu, isQuiet: Bool = false,
    dataFolder: String? = nil, registry: Registry = .standard, workers: Int? = nil,
    threads: Int? = nil, dryRunSteps: Int? = nil,
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) {
    (self.output, self.resume, self.device) = (output, resume, device)
    (self.isQuiet, self.dataFolder, self.registry) = (isQuiet, dataFolder, registry)
    (self.workers, self.threads) = (workers, threads)
    (self.dryRunSteps, self.shouldStop) = (dryRunSteps, shouldStop)
  }

  /// The same for a process of several. All but the first write to a folder that nobody reads, so that what they do is the
  /// same, and say nothing but warnings. All stop when one wants to.
  ///
  /// - Returns: `self` for a process of its own.
  public func joining(_ group: ProcessGroup?) -> RunOptions {
    guard let group else { return self }
    var options = self
    options.group = group
    let shouldStop = shouldStop
    group.wish { StopSignal.isRequested ? .signal : shouldStop() ? .stop : .none }
    options.shouldStop = { group.isStopping }
    if !group.isFirst {
      options.isQuiet = true
      options.output =
        FileManager.default.temporaryDirectory
        .appendingPathComponent("funmatch-process-\(UUID().uuidString)").path
    }
    return options
  }

  /// What this process puts before its warnings, if it is one of several and not the first; else nothing.
  var name: String { group.flatMap { $0.isFirst ? nil : "process \($0.rank)" } ?? "" }

  /// Removes the folder that nobody reads, if this process has one.
  package func removeScratch() {
    guard group?.isFirst == false else { return }
    try? FileManager.default.removeItem(atPath: output)
  }

  /// What the first process finds out, on all of them; what this one does where it is alone.
  package func shared<Value: Codable>(_ value: () throws -> Value) throws -> Value {
    try group?.shared(value) ?? value()
  }

  /// Checks that all processes have the same of something.
  ///
  /// - Parameters:
  ///   - name: what it is.
  ///   - difference: words on how two values differ.
  /// - Throws: `RecipeError` naming one that has another than the first.
  package func checkSame(
    _ name: String, _ value: String, difference: (String, String) -> String = { _, _ in "" }
  ) throws {
    guard let values = try group?.gathered(value),
      let other = values.firstIndex(where: { $0 != values[0] })
    else { return }
    let words = difference(values[0], values[other])
    throw RecipeError(
      "process \(other) does not have the \(name) of process 0\(words.isEmpty ? "" : ": \(words)")")
  }

  /// Where data sets are looked for.
  public var datasets: DatasetRegistry {
    DatasetRegistry(dataFolder: dataFolder, registry: registry)
  }
}
