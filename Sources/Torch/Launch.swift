import Foundation

/// This process's place among several that train together, as `torchrun`, Slurm or a script tells it in the environment.
public struct Launch: Sendable, Equatable {
  /// Number of this process, 0 being the first.
  public let rank: Int
  /// How many there are, at least 2.
  public let size: Int
  /// Its number among those of this machine: which of its GPUs it takes.
  public let localRank: Int
  /// Where they meet: the machine of the first.
  public let host: String
  /// The port there.
  public let port: Int
  /// Whether `torchrun` keeps the store there; else the first process does.
  public let hasAgent: Bool
  /// How often `torchrun` has started them again.
  public let restarts: Int
  /// Seconds after which a process that does not answer counts as gone.
  public let timeout: Int

  /// Reads `FUNMATCH_TIMEOUT` and `RANK`, `WORLD_SIZE`, `MASTER_ADDR`, `MASTER_PORT` and `LOCAL_RANK`, or where these are missing `SLURM_PROCID`,
  /// `SLURM_NTASKS` and `SLURM_LOCALID`. On one machine Slurm's processes meet without an address.
  ///
  /// - Returns: `nil` for a process of its own.
  /// - Throws: `TorchError` when a variable is missing or no number that is possible.
  public init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws {
    let isSlurm = environment["WORLD_SIZE"] == nil && environment["SLURM_PROCID"] != nil
    let names =
      isSlurm
      ? (rank: "SLURM_PROCID", size: "SLURM_NTASKS", local: "SLURM_LOCALID")
      : (rank: "RANK", size: "WORLD_SIZE", local: "LOCAL_RANK")
    func number(_ name: String, _ range: Range<Int>, _ missing: Int? = nil) throws -> Int {
      guard let text = environment[name] else {
        if let missing { return missing }
        throw TorchError("\(name) is not set: several processes need it (torchrun sets it)")
      }
      guard let value = Int(text), range.contains(value) else {
        throw TorchError(
          "\(name) is '\(text)': expected a whole number from \(range.lowerBound) to \(range.upperBound - 1)"
        )
      }
      return value
    }
    let size = try number(names.size, 1..<65_537, 1)
    guard size > 1 else { return nil }
    self.size = size
    rank = try number(names.rank, 0..<size)
    localRank = try number(names.local, 0..<size, 0)
    restarts = try number("TORCHELASTIC_RESTART_COUNT", 0..<1_000_001, 0)
    timeout = try number("FUNMATCH_TIMEOUT", 1..<1_000_000, 300)
    hasAgent = environment["TORCHELASTIC_USE_AGENT_STORE"] == "True"
    let job = environment["SLURM_JOB_ID"].flatMap { Int($0) }
    let isOneMachine = isSlurm && environment["SLURM_NNODES"] == "1"
    guard let host = environment["MASTER_ADDR"] ?? (isOneMachine ? "127.0.0.1" : nil) else {
      throw TorchError(
        "MASTER_ADDR is not set: expected the address of the machine where process 0 runs")
    }
    self.host = host
    // Jobs that share a machine have different numbers.
    port = try number(
      "MASTER_PORT", 1..<65_536, isOneMachine ? job.map { 20_000 + $0 % 10_000 } : nil)
  }
}
