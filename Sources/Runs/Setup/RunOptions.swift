import FunMatchDatasets
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
  /// What the run is in a study: put before its warnings, and shown in TensorBoard's HParams; `nil`: it is in none.
  public var session: HyperparameterSession?
  /// What networks compute with, if the run, or another of its group, has begun; `nil`: nothing is settled.
  package var chosen: EngineChoice?
  /// How cores are shared, if another group of a study has settled that.
  package var threadPlan: ThreadPlan?
  /// Whether many students may train side by side.
  package var isStudy = false
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

  /// Where data sets are looked for.
  public var datasets: DatasetRegistry {
    DatasetRegistry(dataFolder: dataFolder, registry: registry)
  }
}
