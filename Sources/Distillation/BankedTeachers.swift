import FunMatchTorch

/// Teachers whose answers are kept in a bank: what it has is read there, anything else is asked for and
/// recorded. A student cannot tell the two apart, since both come in the bank's precision.
public final class BankedTeachers: Teachers {
  private let bank: LogitBank
  private let live: LiveTeachers
  private let period: Int?
  private let device: Device
  /// What was said of the parts of a step that is asked about.
  private var parts: [[Tensor]] = []

  /// - Parameters:
  ///   - live: who is asked about what the bank does not have.
  ///   - period: steps after which views repeat; `nil`: they never do.
  public init(_ bank: LogitBank, asking live: LiveTeachers, period: Int?, device: Device) {
    self.bank = bank
    self.live = live
    self.period = period
    self.device = device
  }

  /// Each teacher's logits (N, classes), f32, as the bank has them or would have them.
  ///
  /// - Throws: `TrainingError` when the bank cannot be read or written, or cannot hold a logit.
  public func answers(_ batch: Batch, step: Int) throws -> [Tensor] {
    let place = period.map { step % $0 } ?? step
    if place < bank.steps {
      return try bank.logits(place).map { $0.narrowed(0, batch.rows).to(device) }
    }
    let answers = try bank.rounded(try live.answers(batch, step: step), step: place)
    guard place == bank.steps, bank.isWritable else { return answers }
    if batch.rows.lowerBound == 0 { parts = [] }
    parts.append(answers)
    if batch.rows.upperBound == batch.stepCount {
      let all = answers.indices.map { teacher in
        parts.count == 1 ? answers[teacher] : .concatenated(parts.map { $0[teacher] })
      }
      try bank.record(all, step: place)
      parts = []
    }
    return answers
  }
}
