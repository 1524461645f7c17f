import FunMatchFiles
import FunMatchTorch

/// The last layer of a network among the arrays of a file, which are under the network's names as far as these
/// are known.
struct WeightHead {
  let arrays: WeightLayout.Arrays
  private let model: any Model
  private let names: Set<String>

  /// - Parameter model: the network, whose head may have another number of classes.
  init(_ arrays: WeightLayout.Arrays, _ model: any Model) {
    (self.arrays, self.model) = (arrays, model)
    names = Set(model.head.map(\.name))
  }

  /// Names that layers after a network's body have, by which a head under another name is known from a part
  /// of another body.
  private static let usual: Set<Substring> = [
    "head", "heads", "fc", "classifier", "linear", "last_linear", "logits", "mlp_head", "projector",
    "projection", "proj", "predictor",
  ]

  /// What the network has no place for.
  var leftover: WeightLayout.Arrays { arrays.filter { model.store[$0.name] == nil } }

  /// Whether all of the network but its head is there, by name.
  var hasBody: Bool {
    let given = Set(arrays.map(\.name))
    return model.store.all.allSatisfy { names.contains($0.name) || given.contains($0.name) }
  }

  /// The arrays with the head under its own names, where it has others: where one linear layer, or a 1 × 1
  /// convolution, that takes the network's features is all that the network has no place for.
  var renamed: (arrays: WeightLayout.Arrays, classes: Int, from: String)? {
    let others = leftover
    guard hasBody, others.count == 2, !arrays.contains(where: { names.contains($0.name) }),
      let bias = others.first(where: { $0.tensor.shape.count == 1 }),
      let weight = others.first(where: { $0.tensor.shape.count > 1 })
    else { return nil }
    let (classes, shape) = (bias.tensor.shape[0], model.classifier.weight.value.shape)
    let matrix = [classes, shape[1]]
    guard classes > 0, [matrix, matrix + [1, 1]].contains(weight.tensor.shape) else { return nil }
    let renamed = arrays.map { name, tensor in
      switch name {
      case weight.name:
        (model.classifier.weight.name, tensor.reshaped([classes] + shape.dropFirst()))
      case bias.name: (model.classifier.bias.name, tensor)
      default: (name, tensor)
      }
    }
    return (renamed, classes, weight.name)
  }

  /// The arrays with a head of zeros for as many classes as the network has in place of the file's, be it one or
  /// several layers. What else the network has no place for stays, so that it can be told of.
  ///
  /// - Parameter outside: names of what is beside the network in the file.
  func replaced(_ outside: Set<String>) -> WeightLayout.Arrays {
    func first(_ name: String) -> Substring { name.split(separator: ".").first ?? "" }
    let body = Set(model.store.all.map(\.name)).subtracting(names).map(first)
    let heads = Self.usual.union(names.map(first)).subtracting(body)
    let kept = arrays.filter { name, _ in
      guard model.store[name] == nil else { return !names.contains(name) }
      return !(outside.contains(name) || (name.contains(".") && heads.contains(first(name))))
    }
    return kept + model.head.map { ($0.name, .zeros($0.value.shape)) }
  }

  /// An error that says that there is no head.
  func missing(in path: String) -> FileError {
    let others = leftover.map { "\($0.name) \($0.tensor.shape)" }
    return FileError(
      "\(path): \(model.classifier.weight.name) is missing: the file has no head for a network of this shape"
        + (others.isEmpty
          ? ""
          : "; in its place are \(others.prefix(4).joined(separator: ", "))\(others.count > 4 ? ", …" : "")")
        + "; `funmatch import --head drop --classes N`, or `head: reset` of a student in a recipe, gives it a new one, "
        + "which is untrained")
  }
}
