import FunMatchDistillation
import FunMatchTorch

/// Teachers' logits that are kept in a bank: what it has is read there, anything else is computed and
/// recorded. A student cannot tell the two apart, since both come in the bank's precision.
public final class BankedTeacherLogits: TeacherLogits {
  private let bank: LogitBank
  private let live: LiveTeacherLogits
  private let period: Int?
  private let device: Device
  /// The logits of the parts of a step that is computed.
  private var parts: [[Tensor]] = []

  /// - Parameters:
  ///   - live: computes what the bank does not have.
  ///   - period: steps after which views repeat; `nil`: they never do.
  public init(_ bank: LogitBank, _ live: LiveTeacherLogits, period: Int?, device: Device) {
    self.bank = bank
    self.live = live
    self.period = period
    self.device = device
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
    guard place == bank.steps, bank.isWritable else { return logits }
    if batch.rows.lowerBound == 0 { parts = [] }
    parts.append(logits)
    if batch.rows.upperBound == batch.stepCount {
      let all = logits.indices.map { teacher in
        parts.count == 1 ? logits[teacher] : .concatenated(parts.map { $0[teacher] })
      }
      try bank.record(all, step: place)
      parts = []
    }
    return logits
  }
}
