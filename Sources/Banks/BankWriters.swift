/// Who computes the logits of a bank, as far as it shows in their last bits: libtorch sums in other orders with other
/// numbers of threads and of images, and so of processes. OpenVINO does not.
public struct BankWriters: Codable, Sendable, Equatable, CustomStringConvertible {
  /// How many share every batch.
  let processes: Int
  /// Threads of the teachers in each.
  let threads: Int

  /// Both named.
  public init(processes: Int, threads: Int) {
    (self.processes, self.threads) = (processes, threads)
  }

  /// Such as `2 processes with 1 thread`.
  public var description: String {
    "\(processes) process\(processes == 1 ? "" : "es") with \(threads) thread\(threads == 1 ? "" : "s")"
  }
}
