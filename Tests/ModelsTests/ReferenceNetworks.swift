import Foundation
import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch

/// What timm says of its networks (`Scripts/make_resnet_vit_fixtures.py`), and the weights it said it
/// for, which both sides draw from nothing but names.
enum ReferenceNetworks {
  /// A network of timm's.
  struct Card: Decodable {
    let parameters: Int
    /// Multiply-accumulates by image size, `224x224`.
    let macs: [String: Int]
    /// Shapes by name.
    let arrays: [String: [Int]]
  }

  private static func path(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/" + name).path
  }

  static func cards() throws -> [String: Card] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path("resnet_vit.json")))
    return try JSONDecoder().decode([String: Card].self, from: data)
  }

  /// An array of timm's results.
  static func result(_ name: String) throws -> Tensor {
    try SafetensorsFile(path("resnet_vit.safetensors")).read(name)
  }

  /// How far others may be from a result: `half` where they compute in bf16, otherwise in f32.
  static func tolerance(_ name: String, half: Bool = false) throws -> Double {
    half
      ? try halfDeviationsAllowed * result("half deviation " + name).item
      : try deviationsAllowed * result("deviation " + name).item
  }

  /// `count` values of [-1, 1): SplitMix64 from the name's FNV-1a hash on, its upper 24 bits.
  private static func uniform(_ name: String, _ count: Int) -> [Double] {
    let seed = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    return (0..<count).map { index in
      var z = seed &+ UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return Double((z ^ (z >> 31)) >> 40) / 8_388_608 - 1
    }
  }

  /// The array of this name, as the script's `drawn` makes it.
  static func drawn(_ name: String, _ shape: [Int]) -> Tensor {
    let values = uniform(name, shape.reduce(1, *))
    let (offset, scale): (Double, Double) =
      if name == "images" {
        (0, 1)
      } else if name.hasSuffix("running_var") || (shape.count == 1 && name.hasSuffix("weight")) {
        (1, 0.5)
      } else if shape.count == 1 {
        (0, 0.2)
      } else if shape.count == 3 {
        (0, 0.5)
      } else {
        (0, (3 / Double(shape.dropFirst().reduce(1, *))).squareRoot())
      }
    return Tensor(values.map { Float(offset + scale * $0) }, shape: shape)
  }

  /// A network with drawn weights.
  static func model(_ spec: some NetworkSpec, classes: Int = 1000) throws -> any Model {
    var spec = ModelSpec(spec)
    spec.classes = classes
    let model = try spec.build(seed: nil)
    try model.store.load(
      model.store.all.map { ($0.name, drawn($0.name, $0.value.shape)) }, from: "drawn weights")
    return model
  }

  /// Writes drawn weights as timm's network of this name has them, batches counted and all.
  static func write(_ card: Card, to path: String) throws {
    var arrays = card.arrays.sorted { $0.key < $1.key }.map {
      (name: $0.key, tensor: drawn($0.key, $0.value))
    }
    arrays += card.arrays.keys.filter { $0.hasSuffix("running_mean") }.sorted().map {
      ($0.replacing("running_mean", with: "num_batches_tracked"), Tensor([7] as [Int64], shape: []))
    }
    try Safetensors.write(arrays, metadata: ["format": "pt"], to: path)
  }
}
