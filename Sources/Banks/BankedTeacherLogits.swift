import FunMatchDistillation
import FunMatchTorch

/// Teachers' logits that are kept in a bank: what it has is read there, anything else is computed and
/// recorded. A student cannot tell the two apart, since both come in the bank's precision.
public final class BankedTeacherLogits: TeacherLogits {
  private let bank: LogitBank
  private let live: LiveTeacherLogits
  private let period: Int?
  private let device: Device
  private let group: (processes: ProcessGroup, parts: [Range<Int>])?
  /// Whether steps that the bank does not have are recorded, by this process or by the first of several.
  private let isRecorded: Bool
  /// The logits of the parts of a step that is computed.
  private var parts: [[Tensor]] = []

  /// - Parameters:
  ///   - live: computes what the bank does not have.
  ///   - period: steps after which views repeat; `nil`: they never do.
  ///   - group: processes that compute it together, each its share of every part of a step, and these parts.
  /// - Throws: `FileError` when this process cannot read what the first one can.
  public init(
    _ bank: LogitBank, _ live: LiveTeacherLogits, period: Int?, device: Device,
    group: (processes: ProcessGroup, parts: [Range<Int>])? = nil
  ) throws {
    self.bank = bank
    self.live = live
    self.period = period
    self.device = device
    self.group = group
    let known = try group?.processes.shared { [bank.steps, bank.isWritable ? 1 : 0] }
    isRecorded = known.map { $0[1] == 1 } ?? bank.isWritable
    if let known { try bank.follow(to: known[0]) }
  }

  /// Each teacher's logits (N, classes), f32, as the bank has them or would have them.
  ///
  /// - Throws: `FileError` when the bank cannot be read or written, or cannot hold a logit.
  public func logits(_ batch: Batch, step: Int) throws -> [Tensor] {
    let place = period.map { step % $0 } ?? step
    if place < bank.steps {
      return try bank.logits(place).map { $0.narrowed(0, batch.rows).to(device) }
    }
    let logits = try bank.rounded(try live.logits(batch, step: step), step: place)
    guard place == bank.steps, isRecorded else { return logits }
    let part = group?.parts.first { $0.contains(batch.rows.lowerBound) } ?? batch.rows
    if part.lowerBound == 0 { parts = [] }
    parts.append(try logits.map { try whole($0, part) })
    if part.upperBound == batch.stepCount {
      let all = logits.indices.map { teacher in
        parts.count == 1 ? parts[0][teacher] : .concatenated(parts.map { $0[teacher] })
      }
      try bank.record(all, step: place)
      if group?.processes.isFirst == false { bank.follow() }
      parts = []
    }
    return logits
  }

  /// The logits of a whole part of the step, of which each process has its share.
  private func whole(_ logits: Tensor, _ part: Range<Int>) throws -> Tensor {
    guard let group = group?.processes else { return logits }
    let most = (part.count + group.size - 1) / group.size
    let missing = Tensor.zeros([most - logits.shape[0], logits.shape[1]], device: logits.device)
    let all = try group.allGather(.concatenated([logits, missing]))
    return .concatenated(
      (0..<group.size).map { rank in
        let rows = group.share(of: part, rank: rank).count
        return all.narrowed(0, rank..<rank + 1).reshaped([most, logits.shape[1]])
          .narrowed(0, 0..<rows)
      })
  }
}
