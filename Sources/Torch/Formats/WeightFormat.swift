import FunMatchFiles

/// The kinds of files that weights come in.
public enum WeightFormat: String, Sendable {
  /// NumPy's archive of arrays.
  case npz
  /// `safetensors`.
  case safetensors
  /// What `torch.save` wrote.
  case pyTorch
  /// The index of shards, in JSON (`WeightShards`).
  case shards

  /// The kind of a file by what it holds, whatever it is called.
  ///
  /// - Throws: `FileError` that names the file when it is none of them.
  public init(of path: String) throws {
    let file = try InputFile(path)
    try ForeignContent.refuse(file)
    let beginning = try file.read(at: 0, count: min(file.size, 512))
    // First, as the length that such a file begins with may look like the beginning of another kind.
    let length = beginning.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    if beginning.dropFirst(8).first == UInt8(ascii: "{"), length <= UInt64(file.size - 8) {
      self = .safetensors
    } else if beginning.first(where: { ![0x09, 0x0a, 0x0d, 0x20].contains($0) })
      == UInt8(ascii: "{")
    {
      self = .shards
    } else if beginning.starts(with: [0x50, 0x4b]) {
      let isNumPy = try ZipArchive(path).entries.contains { $0.name.hasSuffix(".npy") }
      self = isNumPy ? .npz : .pyTorch
    } else if beginning.first == 0x80
      || beginning.dropFirst(257).starts(with: Array("ustar".utf8))
    {
      // A pickle, or a tar archive, which torch.save wrote first.
      self = .pyTorch
    } else if path.hasSuffix(".safetensors") {
      self = .safetensors
    } else if path.hasSuffix(".npz") {
      self = .npz
    } else {
      throw FileError(
        "'\(path)': weights are read from .npz, .safetensors and PyTorch's .pth and .pt files, and from "
          + "the .index.json of shards, and it is none of them")
    }
  }
}
