import FunMatchFiles

extension Safetensors {
  /// SHA-256 of tensors and metadata as a file holds them, in whatever order they are given.
  ///
  /// - Throws: `FileError` when a tensor's bytes cannot be had.
  package static func checksum(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String]
  ) throws -> String {
    var sum = RunningChecksum()
    for (key, value) in metadata.sorted(by: { precedes($0.key, $1.key) }) {
      sum.update("\(key.utf8.count) \(key) \(value.utf8.count) \(value)\n")
    }
    for (name, tensor) in tensors.sorted(by: { precedes($0.name, $1.name) }) {
      sum.update("\(name.utf8.count) \(name) \(tensor.dtype) \(tensor.shape)\n")
      tensor.bytes.withUnsafeBytes { sum.update($0) }
    }
    return sum.text
  }

  private static func precedes(_ one: String, _ other: String) -> Bool {
    one.utf8.lexicographicallyPrecedes(other.utf8)
  }
}
