import FunMatchTorch

/// The names in the weights of PyTorch packages that were made of TensorFlow's, and how they map to
/// timm's: blocks are numbered through, and normalisations after what they follow.
enum EfficientNetLiteNames {
  private static let outside = [
    "conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1",
    "classifier": "_fc",
  ]
  private static let expanding = [
    "conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1",
    "conv_pwl": "_project_conv", "bn3": "_bn2",
  ]
  private static let separable = [
    "conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2",
  ]

  /// The arrays of such a file under timm's names.
  static func translate(_ arrays: WeightLayout.Arrays, for model: any Model) -> WeightLayout.Arrays
  {
    var ours: [String: String] = [:]
    var blocks: [String] = []
    for name in model.store.tensors.map(\.name) {
      let parts = name.split(separator: ".").map(String.init)
      if parts.count == 2, let layer = outside[parts[0]] {
        ours["\(layer).\(parts[1])"] = name
      } else if parts.count == 5 {
        let block = parts[..<3].joined(separator: ".")
        // Statistics come after all parameters, and meet their blocks again.
        let number = blocks.firstIndex(of: block) ?? blocks.count
        if number == blocks.count { blocks.append(block) }
        let layers = model.store["\(block).conv_pwl.weight"] == nil ? separable : expanding
        guard let layer = layers[parts[3]] else { continue }
        ours["_blocks.\(number).\(layer).\(parts[4])"] = name
      }
    }
    return arrays.map { (ours[$0.name] ?? $0.name, $0.tensor) }
  }
}
