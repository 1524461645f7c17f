import Foundation
import FunMatchModels
import FunMatchNN
import FunMatchTorch

/// What timm's networks for phones compute (`Scripts/make_model_fixtures.py`).
struct MobileFixture: Decodable {
  let arrays: Int
  let parameters: Int
  let macs224x224: Int
  let macs75x98: Int
  /// Of two images 75 × 98 in evaluation.
  let logits: [Double]
  /// By how much those differ at most, relative to the largest, where timm computes in single precision;
  /// this and the other deviations over kernels, layouts in memory and orders of the images.
  let logitsDeviation: Double
  /// Of four images 64 × 48 in training.
  let trainingLogits: [Double]
  let trainingLogitsDeviation: Double
  /// The mean square of their error in bf16, its root, relative to theirs.
  let halfDeviation: Double
  /// Of the mean of the squares of those, by parameter.
  let gradientNorms: [String: Double]
  let gradientDeviation: Double
  /// Running statistics after the training pass.
  let statistics: [String: [Double]]
  let statisticsDeviation: Double
  let statisticNorms: [String: Double]
  let statisticNormsDeviation: Double

  static let classes = 10

  /// All networks by timm's name.
  static let all: [String: MobileFixture] = {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/mobile.json")
    do {
      return try JSONDecoder().decode([String: MobileFixture].self, from: Data(contentsOf: path))
    } catch {
      fatalError("\(path.path): \(error)")
    }
  }()

  /// Values in [-1, 1): the top 24 bits of SplitMix64, started from FNV-1a of the name.
  static func uniform(_ name: String, _ shape: [Int]) -> [Double] {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return (0..<shape.reduce(1, *)).map { _ in
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
      return Double(z >> 40) / 8_388_608 - 1
    }
  }

  static func images(_ count: Int, _ height: Int, _ width: Int) -> Tensor {
    let shape = [count, 3, height, width]
    return Tensor(uniform("images", shape), shape: shape).to(.f32)
  }

  /// Arrays as the script makes them.
  static func weights(_ store: ParameterStore) -> [(name: String, tensor: Tensor)] {
    store.all.map { parameter in
      let (name, shape) = (parameter.name, parameter.value.shape)
      let scale: (Double) -> Double
      if name.hasSuffix("running_var") {
        scale = { 1 + $0 / 2 }
      } else if name.hasSuffix("running_mean") || name.hasSuffix("bias") {
        scale = { $0 / 4 }
      } else if shape.count == 1 {
        scale = { 1 + $0 / 4 }
      } else {
        let reach = (6 / Double(shape.dropFirst().reduce(1, *))).squareRoot()
        scale = { $0 * reach }
      }
      return (name, Tensor(uniform(name, shape).map(scale), shape: shape).to(.f32))
    }
  }

  /// A network with those weights.
  static func model(_ spec: ModelSpec) throws -> any Model {
    var spec = spec
    spec.classes = classes
    let model = try spec.build(seed: nil)
    try model.store.load(weights(model.store), from: "the formula")
    return model
  }
}
