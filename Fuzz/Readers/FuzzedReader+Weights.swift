import FunMatchModels
import FunMatchONNX
import FunMatchTorch

extension FuzzedReader {
  /// Weights in the file format of this reader.
  func readWeights(_ bytes: UnsafeRawBufferPointer, in folder: String) {
    let path = Self.put(bytes, "weights", in: folder)
    Self.attempt(folder) {
      switch self {
      case .npy: Self.check([try Npy.read(path)])
      case .npz: Self.check(try NpzFile(path).readAll().map(\.tensor))
      case .safetensors: Self.check(try SafetensorsFile(path).readAll().map(\.tensor))
      case .pth: Self.check(try PyTorchFile(path).readAll().map(\.tensor))
      case .onnx: _ = try ONNXFile(path)
      default: Self.check(try ModelFile(path: path).model.store.tensors.map(\.tensor))
      }
    }
    // Whatever it is, a network may be recognised in it.
    guard self == .model else { return }
    Self.attempt(folder) { _ = try WeightImport(path: path, spec: nil) }
  }

  /// Looks at every byte.
  private static func check(_ tensors: [Tensor]) {
    for tensor in tensors {
      precondition(tensor.bytes.count == tensor.count * tensor.dtype.size, "\(tensor)")
    }
  }
}
