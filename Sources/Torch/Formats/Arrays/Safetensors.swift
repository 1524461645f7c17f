import FunMatchFiles

/// Writes safetensors files, byte for byte as the official package does.
///
/// Format: github.com/huggingface/safetensors, README "Format"; layout: `prepare` in its
/// `src/tensor.rs`. The same tensors and metadata always give the same bytes: metadata is sorted by
/// key, which the official writer leaves to chance.
public enum Safetensors {
  /// Writes tensors to `path`, replacing what is there; in the file they stand by type, widest
  /// first, then by name.
  ///
  /// - Throws: `FileError` when a name comes twice or is reserved, or the file cannot be written.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to path: String
  ) throws {
    let ordered = SafetensorsHeader.names.flatMap { _, dtype in
      tensors.filter { $0.tensor.dtype == dtype }.sorted {
        $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
      }
    }
    let header = try header(ordered, metadata, path)
    try AtomicFile.write(to: path) { file in
      try file.append(header)
      for (_, tensor) in ordered { try file.append(tensor.bytes) }
    }
  }

  private static func header(
    _ tensors: [(name: String, tensor: Tensor)], _ metadata: [String: String], _ path: String
  ) throws -> [UInt8] {
    var names: Set<String> = [SafetensorsHeader.metadataKey]
    var members: [String] = []
    if !metadata.isEmpty {
      let sorted = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      let pairs = sorted.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"\(SafetensorsHeader.metadataKey)\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for (name, tensor) in tensors {
      guard names.insert(name).inserted else {
        throw FileError("cannot write '\(path)': tensor '\(name)' is there twice or reserved")
      }
      let (shape, dtype) = (tensor.shape, tensor.dtype)
      let end = offset + shape.reduce(dtype.size, *)
      let type = SafetensorsHeader.names.first { $0.dtype == dtype }?.name ?? ""
      let sizes = shape.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(name)):{\"dtype\":\"\(type)\",\"shape\":[\(sizes)],\"data_offsets\":[\(offset),\(end)]}"
      )
      offset = end
    }
    var text = Array("{\(members.joined(separator: ","))}".utf8)
    // The tensors begin at a multiple of 8.
    text += [UInt8](repeating: 0x20, count: (8 - text.count % 8) % 8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{8}": result += "\\b"
      case "\u{c}": result += "\\f"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case ..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
