import FunMatchTorch

/// A fixture of each file format, from which damaged files are made.
enum FileFormat: String, CaseIterable, Sendable {
  case npy = "f4.npy"
  case fortran = "f4_fortran.npy"
  case bool = "b1.npy"
  case stored = "stored.npz"
  case deflated = "deflated.npz"
  case safetensors = "official.safetensors"
  case zip = "checkpoint.pth"
  case zip4 = "checkpoint_4.pth"
  case strided = "state.pth"
  case legacy = "checkpoint_legacy.pth"
  case legacyStrided = "state_legacy.pth"

  var isZip: Bool { [.stored, .deflated, .zip, .zip4, .strided].contains(self) }

  /// Every tensor in a file.
  func read(_ path: String) throws -> [Tensor] {
    switch self {
    case .npy, .fortran, .bool: [try Npy.read(path)]
    case .stored, .deflated: try NpzFile(path).readAll().map(\.tensor)
    case .safetensors: try SafetensorsFile(path).readAll().map(\.tensor)
    case .zip, .zip4, .strided, .legacy, .legacyStrided:
      try PyTorchFile(path).readAll().map(\.tensor)
    }
  }
}
