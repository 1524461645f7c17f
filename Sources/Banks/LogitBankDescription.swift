import FunMatchRecipes

/// What the description of a logit bank, its `.json` file, tells.
struct LogitBankDescription: Codable, Equatable {
  /// Everything that the logits depend on, a line each.
  let identity: [String]
  /// What shows in their last bits.
  let environment: [String]
  /// Images a step.
  let batchSize: Int
  /// Number of classes of each teacher.
  let classes: [Int]
  /// What a logit is stored in.
  let precision: BankRecipe.Precision
  /// Steps that share a checksum.
  let stepsPerChunk: Int
  /// Who began it, where that shows in last bits.
  var writers: BankWriters?
  /// Steps that are recorded.
  var steps = 0
  /// SHA-256 of each chunk; the last one may be a part of a chunk.
  var checksums: [String] = []

  init(
    _ identity: BankIdentity, batchSize: Int, classes: [Int], precision: BankRecipe.Precision,
    writers: BankWriters? = nil
  ) {
    self.writers = writers
    (self.identity, environment) = (identity.lines, identity.environment)
    (self.batchSize, self.classes, self.precision) = (batchSize, classes, precision)
    let row = LogitBank.bytesPerStep(
      batchSize: batchSize, classes: classes, precision: precision)
    stepsPerChunk = max(1, (16 << 20) / max(row, 1))
  }

  /// Bytes of a step.
  var row: Int {
    LogitBank.bytesPerStep(batchSize: batchSize, classes: classes, precision: precision)
  }

  /// Bytes of a whole chunk.
  var chunk: Int { stepsPerChunk * row }

  /// Whether both are of the same logits, however many there are.
  func isAlike(_ other: LogitBankDescription) -> Bool {
    identity == other.identity && batchSize == other.batchSize && classes == other.classes
      && precision == other.precision && stepsPerChunk == other.stepsPerChunk
  }

  /// Whether it tells of a number of steps at all.
  var isSound: Bool {
    steps >= 0 && steps <= Int.max / row
      && checksums.count == (steps + stepsPerChunk - 1) / stepsPerChunk
  }
}
