import Foundation
import FunMatchONNX
import FunMatchTestSupport
import FunMatchTorch

/// What ONNX's checker, ONNX's own evaluator and ONNX Runtime say of a file.
struct Runtime: Decodable {
  /// How far ONNX Runtime's logits are from the evaluator's at most, relative to the largest.
  let deviation: Double
  let producer: String
  let opset: Int
  let images: [String]
  let logits: [String]
  let metadata: [String: String]
  let operators: [String]
  let nodes: [String]
  /// Names of the values that are stored as f16.
  let halves: [String]
  /// Values that nothing uses.
  let unused: [String]

  /// How far others may be from the evaluator, which computes in double precision.
  ///
  /// ONNX Runtime itself has to be near it.
  var tolerance: Double { deviation < 1e-5 ? deviationsAllowed * max(deviation, ulp) : 0 }
  private var ulp: Double { Double(Float.ulpOfOne) }

  /// Writes, checks and runs a network on (N, 3, H, W).
  ///
  /// - Returns: what is said of it, and the evaluator's logits.
  static func run(_ model: ONNXModel, _ images: Tensor) throws -> (Runtime, logits: Tensor) {
    let folder = try TemporaryFolder()
    let files = ["model.onnx", "images.npy", "logits.npy"].map { folder.file($0) }
    try model.write(to: files[0])
    try Npy.write(images, to: files[1])
    let text = try PyTorch.run(script: "run_onnx.py", arguments: files)
    let said = try JSONDecoder().decode(Runtime.self, from: Data(text.utf8))
    return (said, try Npy.read(files[2]))
  }
}
