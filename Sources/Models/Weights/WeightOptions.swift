import FunMatchFiles

/// What is said of a file of weights beside the network that they are of.
public struct WeightOptions: Sendable {
  /// The key of a PyTorch file that the weights are under, such as `ema` or `model.state_dict`; `nil`: it is
  /// looked for.
  public var key: String?
  /// What stands before the names of the arrays that are meant, such as `student.`; others are left out.
  /// `nil`: what stands before a network's names is found out.
  public var prefix: String?
  /// Number of classes of a new head of zeros, which takes the place of what the file has; `nil`: the head is the
  /// file's.
  public var newHead: Int?
  /// What the network wants its images to be; `nil`: as the file, its layout or its family tells.
  public var input: InputScaling?
  /// Whether what a `config.json` says of resizing is passed over, as it is known otherwise.
  public var ignoresPreprocessing = false

  /// Nothing but what is given.
  public init(key: String? = nil, prefix: String? = nil, newHead: Int? = nil) {
    (self.key, self.prefix, self.newHead) = (key, prefix, newHead)
  }
}
