import FunMatchTorch

/// The names and shapes that a program gives to the weights of a family of networks.
public struct WeightLayout: Sendable {
  /// Arrays of a file by name.
  public typealias Arrays = [(name: String, tensor: Tensor)]

  /// What it is called, such as `timm`.
  public let name: String
  /// The name in the file of the last layer's bias: its length is the number of classes.
  public let headBias: String
  /// What networks with these weights want their images to be; the family's usual without it.
  public let input: InputScaling?
  /// Whether a file whose arrays have these names is in this layout.
  let isOf: @Sendable (_ names: Set<String>) -> Bool
  /// A file's arrays under the names and in the shapes of the network's, of which no more is known then.
  /// What is unknown keeps its name, so that it can be told of.
  let translate: @Sendable (_ arrays: Arrays, _ model: any Model) -> Arrays
  /// Arrays, translated, with those whose shape depends on the size of images as the network has it.
  let resize: @Sendable (_ arrays: Arrays, _ model: any Model) -> Arrays

  /// - Parameters:
  ///   - isOf: whether a file whose arrays have these names is in this layout.
  ///   - translate: what a file's arrays are called in the network, which may have names and shapes alone
  ///     and no values; nothing is done without it, as our names are timm's.
  ///   - resize: fits translated arrays to the size of images that the network takes. It is not for
  ///     finding out which network a file is of, as that shows in the shapes.
  public init(
    _ name: String, headBias: String, input: InputScaling? = nil,
    isOf: @escaping @Sendable (_ names: Set<String>) -> Bool,
    translate: @escaping @Sendable (Arrays, any Model) -> Arrays = { arrays, _ in arrays },
    resize: @escaping @Sendable (Arrays, any Model) -> Arrays = { arrays, _ in arrays }
  ) {
    (self.name, self.headBias, self.input) = (name, headBias, input)
    (self.isOf, self.translate, self.resize) = (isOf, translate, resize)
  }
}
