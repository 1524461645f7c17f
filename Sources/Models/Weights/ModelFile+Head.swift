import FunMatchImages
import FunMatchSettings
import FunMatchTorch

extension ModelFile {
  /// Number of values that the last layer sees.
  package var featureCount: Int { model.classifier.matrix.shape[1] }

  /// A network that shares all values but the last layer's with this one, and gives what that layer sees in place of logits.
  package func features() throws -> ModelFile {
    let count = featureCount
    let identity = Tensor((0..<count).map { Int64($0) }).oneHot(count).to(.f32)
    return try replacingHead(weight: identity, bias: .zeros([count]))
  }

  /// A network with another last layer, which shares all other values with this one. None of both is to be trained or moved
  /// then.
  ///
  /// - Parameters:
  ///   - weight: (classes, features).
  ///   - bias: (classes).
  ///   - classNames: in the order of the rows; empty where nobody knows them.
  ///   - preprocessing: what an image goes through first; this network's own without it.
  /// - Throws: `SettingsError` when the family builds no network with so many classes; `FileError` when a value is infinite
  ///   or not a number.
  package func replacingHead(
    weight: Tensor, bias: Tensor, classNames: [String] = [],
    preprocessing: EvaluationPreprocessing? = nil
  ) throws -> ModelFile {
    var spec = spec
    spec.classes = weight.shape[0]
    let other = try spec.buildWithoutValues()
    other.input = model.input
    let layer = other.classifier
    let head = [
      layer.weight.name: weight.reshaped(layer.weight.value.shape), layer.bias.name: bias,
    ]
    try other.store.adopt(
      model.store.tensors.map { ($0.name, head[$0.name] ?? $0.tensor) }, from: "the new head")
    return ModelFile(
      model: other, spec: spec, classNames: classNames,
      preprocessing: preprocessing ?? self.preprocessing)
  }
}
