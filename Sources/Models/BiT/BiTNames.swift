import FunMatchTorch

/// The names and layouts of the public BiT `.npz` files, and how they map to timm's.
///
/// Source: big_vision `models/bit_paper.py`, `load`. Kernels there are (kh, kw, in, out).
enum BiTNames {
  /// The `.npz` name of a parameter that timm calls `name`.
  static func official(_ name: String) -> String? {
    let fixed = [
      "stem.conv.weight": "resnet/root_block/standardized_conv2d/kernel",
      "norm.weight": "resnet/group_norm/gamma", "norm.bias": "resnet/group_norm/beta",
      "head.fc.weight": "resnet/head/conv2d/kernel", "head.fc.bias": "resnet/head/conv2d/bias",
    ]
    if let known = fixed[name] { return known }
    let pattern = /stages\.(\d+)\.blocks\.(\d+)\.(norm|conv|downsample\.conv)(\d?)\.(weight|bias)/
    guard let match = name.wholeMatch(of: pattern), let stage = Int(match.1),
      let unit = Int(match.2)
    else { return nil }
    let number = unit + 1 < 10 ? "0\(unit + 1)" : "\(unit + 1)"
    let base = "resnet/block\(stage + 1)/unit\(number)/"
    if match.3 == "downsample.conv" { return base + "a/proj/standardized_conv2d/kernel" }
    guard let letter = ["1": "a", "2": "b", "3": "c"][match.4] else { return nil }
    let leaf: String
    switch (match.3, match.5) {
    case ("conv", "weight"): leaf = "standardized_conv2d/kernel"
    case ("norm", "weight"): leaf = "group_norm/gamma"
    case ("norm", "bias"): leaf = "group_norm/beta"
    default: return nil
    }
    return base + letter + "/" + leaf
  }

  /// A parameter's value in the other layout: kernels turned around, vectors as they are.
  static func toOfficial(_ value: Tensor) -> Tensor {
    value.shape.count == 4 ? value.permuted([2, 3, 1, 0]).contiguous : value
  }

  /// The reverse of `toOfficial`; a vector may carry leading sizes of 1, as flax writes them.
  static func fromOfficial(_ value: Tensor, vector: Bool) -> Tensor {
    if vector { return value.reshaped([-1]) }
    return value.shape.count == 4 ? value.permuted([3, 2, 0, 1]).contiguous : value
  }

  /// The arrays of a public file under timm's names.
  static func translate(_ arrays: WeightLayout.Arrays, for model: any Model) -> WeightLayout.Arrays
  {
    var parameters: [String: String] = [:]
    var vectors: Set<String> = []
    for parameter in model.store.parameters {
      guard let official = official(parameter.name) else { continue }
      parameters[official] = parameter.name
      if !parameter.decays { vectors.insert(official) }
    }
    return arrays.map { array in
      // Some published files number their convolutions; the official loader drops that, too.
      let plain = array.name.replacing(/standardized_conv2d_\d+/, with: "standardized_conv2d")
      guard let name = parameters[plain] else { return array }
      return (name, fromOfficial(array.tensor, vector: vectors.contains(plain)))
    }
  }
}
