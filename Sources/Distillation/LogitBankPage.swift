/// What the description of a logit bank, its `.json` file, tells.
struct LogitBankPage: Codable, Equatable {
  /// Words that tell everything that the logits depend on.
  let origin: [String]
  /// Images a step.
  let batchSize: Int
  /// Number of classes of each teacher.
  let classes: [Int]
  /// What a logit is stored in.
  let precision: LogitBank.Precision
  /// Steps that share a checksum.
  let stepsPerChunk: Int
  /// Steps that are recorded.
  var steps = 0
  /// SHA-256 of each chunk; the last one may be a part of a chunk.
  var checksums: [String] = []

  init(origin: [String], batchSize: Int, classes: [Int], precision: LogitBank.Precision) {
    self.origin = origin
    self.batchSize = batchSize
    self.classes = classes
    self.precision = precision
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

  /// Everything that must be the same for logits to be those of this bank, a line each.
  var lines: [String] {
    ["funmatch bank 1"] + origin + [
      "batches of \(batchSize)", "classes \(classes)", "stored as \(precision.rawValue)",
      "\(stepsPerChunk) steps a checksum",
    ]
  }

  /// Whether it tells of a number of steps at all.
  var isSound: Bool {
    steps >= 0 && steps <= Int.max / row
      && checksums.count == (steps + stepsPerChunk - 1) / stepsPerChunk
  }
}
