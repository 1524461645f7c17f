import Foundation
import FunMatchTorch

/// The files that `Scripts/make_file_fixtures.py` made with NumPy and the official safetensors
/// package.
enum Fixture {
  static func path(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/" + name).path
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  /// What the script puts into every array: element i is (7 i mod 11) - 5, over 4 in floating
  /// point, plus 5 where the file's type is unsigned, and whether it is above 0 in bool.
  static func tensor(_ shape: [Int], _ dtype: DType = .f32, unsigned: Bool = false) -> Tensor {
    let values = (0..<shape.reduce(1, *)).map { 7 * $0 % 11 - 5 }
    switch dtype {
    case .bool: return Tensor(values.map { $0 > 0 }, shape: shape)
    case .u8: return Tensor(values.map { UInt8($0 + 5) }, shape: shape)
    case .i32, .i64:
      return Tensor(values.map { Int64(unsigned ? $0 + 5 : $0) }, shape: shape).to(dtype)
    case .f16, .bf16, .f32, .f64:
      return Tensor(values.map { Double($0) / 4 }, shape: shape).to(dtype)
    }
  }
}

/// Whether two tensors have the same shape, type and bits.
func same(_ a: Tensor, _ b: Tensor) -> Bool {
  a.shape == b.shape && a.dtype == b.dtype && a.bytes == b.bytes
}
