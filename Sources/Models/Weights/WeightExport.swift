import FunMatchFiles
import FunMatchTorch

/// Writes a network's weights for other programs.
public enum WeightExport {
  /// A `.npz` with the public BiT names and layouts, f32.
  ///
  /// - Throws: `FileError` when the network has no names there, or the file cannot be written.
  public static func writeOfficial(_ model: any Model, to path: String) throws {
    let arrays = try model.store.tensors.map { name, tensor in
      guard let official = BiTNames.official(name) else {
        throw FileError("\(path): .npz has no name for the parameter \(name)")
      }
      return (name: official, tensor: BiTNames.toOfficial(tensor.detached().to(.f32)))
    }
    try Npz.write(arrays, to: path)
  }
}
