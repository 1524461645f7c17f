import FunMatchNN

/// What comes before the head of a network for phones: a 3 × 3 convolution with stride 2 and stages
/// of blocks.
struct MobilePlan {
  /// Blocks in a row that differ in nothing but their input and the first one's stride.
  struct Row {
    var count: Int
    var kernel: Int
    var stride: Int
    /// Expanded channels for each that comes in; without it blocks are depth-wise separable.
    var expansion: Double?
    /// Channels that go out, at width 1.
    var channels: Int
    var squeezes = false
    var activation: Activation
  }

  /// Channels after the first convolution.
  let stem: Int
  /// The blocks of each stage.
  let stages: [[MobileBlock]]

  /// - Parameter width: multiplies the rows' channels, which are rounded to multiples of 8 then.
  init(stem: Int, width: Double, _ stages: [[Row]]) {
    self.stem = stem
    var channels = stem
    self.stages = stages.map { rows in
      rows.flatMap { row in
        (0..<row.count).map { number in
          let output = MobileBlock.channels(Double(row.channels) * width)
          let expanded = row.expansion.map { MobileBlock.channels(Double(channels) * $0) }
          defer { channels = output }
          return MobileBlock(
            input: channels, expanded: expanded, output: output, kernel: row.kernel,
            stride: number == 0 ? row.stride : 1,
            squeezed: row.squeezes
              ? MobileBlock.channels(Double(expanded ?? channels) / 4) : nil,
            activation: row.activation)
        }
      }
    }
  }

  /// Channels after the last block.
  var output: Int { stages.last?.last?.output ?? stem }
}
