import Foundation
import FunMatchFiles

/// A safetensors file open for reading: the header is checked at once, tensors are read when asked
/// for.
///
/// Format: github.com/huggingface/safetensors, README "Format". A u64 that tells the header's size,
/// the header in JSON, and the tensors' bytes without holes.
public final class SafetensorsFile {
  /// Where the file is.
  public let path: String
  /// The strings that the writer left under `__metadata__`.
  public let metadata: [String: String]
  /// Names of the tensors in the order of their bytes.
  public let names: [String]

  private let file: InputFile
  private let entries: [String: SafetensorsHeader.Entry]
  private let dataOffset: Int

  // The official reader's limit.
  private static let maximumHeader = 100_000_000

  /// Opens a file and checks everything that its header says against its size.
  ///
  /// - Throws: `FileError` that names the file, the tensor and what is wrong.
  public init(_ path: String) throws {
    file = try InputFile(path)
    self.path = path
    try ForeignContent.refuse(file)
    guard file.size >= 8 else {
      throw FileError("'\(path)': \(file.size) bytes are too few for a safetensors file")
    }
    let declared = try file.read(at: 0, count: 8).reversed().reduce(UInt64(0)) {
      $0 << 8 | UInt64($1)
    }
    guard declared <= UInt64(min(file.size - 8, Self.maximumHeader)) else {
      throw FileError(
        "'\(path)': not a safetensors file: it would begin with a header of \(declared) bytes, "
          + "but \(file.size - 8) follow and the format allows \(Self.maximumHeader)")
    }
    dataOffset = 8 + Int(declared)
    let header = try SafetensorsHeader(
      try file.read(at: 8, count: Int(declared)), dataSize: file.size - dataOffset,
      owner: "'\(path)'")
    metadata = header.metadata
    names = header.entries.map(\.name)
    entries = Dictionary(uniqueKeysWithValues: header.entries.map { ($0.name, $0) })
  }

  /// Sizes of a tensor's dimensions.
  public func shape(of name: String) throws -> [Int] { try entry(name).shape }

  /// A tensor's element type.
  public func dtype(of name: String) throws -> DType { try entry(name).dtype }

  /// One tensor.
  ///
  /// - Throws: `FileError` when there is none of this name or the file cannot be read.
  public func read(_ name: String) throws -> Tensor {
    let entry = try entry(name)
    return try Tensor(shape: entry.shape, dtype: entry.dtype) { memory in
      try file.read(at: dataOffset + entry.range.lowerBound, into: memory)
      if entry.dtype == .bool {
        try Extent.requireBooleans(UnsafeRawBufferPointer(memory), "'\(path)': tensor '\(name)'")
      }
    }
  }

  /// Every tensor, in the order of `names`.
  public func readAll() throws -> [(name: String, tensor: Tensor)] {
    try names.map { ($0, try read($0)) }
  }

  private func entry(_ name: String) throws -> SafetensorsHeader.Entry {
    guard let entry = entries[name] else {
      throw FileError(
        "'\(path)' has no tensor '\(name)'; it holds \(names.count): \(list(names))")
    }
    return entry
  }
}

/// The first few of `names`, for a sentence.
func list(_ names: [String]) -> String {
  names.isEmpty
    ? "none" : names.prefix(6).joined(separator: ", ") + (names.count > 6 ? ", …" : "")
}
