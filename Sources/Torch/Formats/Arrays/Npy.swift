import Foundation
import FunMatchFiles

/// Reads and writes NumPy's `.npy` files: one array each.
///
/// Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Versions 1.0 to 3.0,
/// either byte order, C and Fortran order are read; i1, i2 and u2 become i32 and u4 becomes i64.
/// Version 1.0, little-endian, C order is written, byte for byte as NumPy writes it. Objects,
/// records, strings and complex numbers are errors.
public enum Npy {
  /// The array in the file at `path`.
  ///
  /// - Throws: `FileError` that names the file and what is wrong with it.
  public static func read(_ path: String) throws -> Tensor {
    let file = try InputFile(path)
    var offset = 0
    return try decode(size: file.size, owner: "'\(path)'") { count in
      defer { offset += count }
      return try file.read(at: offset, count: count)
    }
  }

  /// The array that `bytes`, the contents of a whole file, hold; `name` stands for the file in
  /// errors.
  public static func parse(_ bytes: [UInt8], name: String) throws -> Tensor {
    var rest = bytes[...]
    return try decode(size: bytes.count, owner: "'\(name)'") { count in
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
  }

  /// Writes a tensor to `path`, replacing what is there.
  ///
  /// - Throws: `FileError` when the file cannot be written or the tensor is bf16, which NumPy does
  ///   not have.
  public static func write(_ tensor: Tensor, to path: String) throws {
    let header = try header(of: tensor, for: path)
    try AtomicFile.write(to: path) { file in
      try file.append(header)
      try file.append(tensor.bytes)
    }
  }

  /// What `write` would put into a file.
  public static func data(of tensor: Tensor) throws -> [UInt8] {
    try header(of: tensor, for: "npy") + tensor.bytes
  }

  static func header(of tensor: Tensor, for name: String) throws -> [UInt8] {
    guard let code = NpyFormat.code(tensor.dtype) else {
      throw FileError("'\(name)': NumPy has no bfloat16; convert the tensor to f32 first")
    }
    return NpyHeader.encoded(code: code, shape: tensor.shape)
  }

  /// Decodes an array of `size` bytes, header included, that come in order from `next`. It is asked
  /// for no more than is there, and for the elements only when the header agrees with `size`.
  static func decode(
    size: Int, owner: String, next: (_ count: Int) throws -> [UInt8]
  ) throws -> Tensor {
    guard size >= NpyHeader.preludeSize else {
      throw FileError("\(owner): \(size) bytes are too few for a .npy array")
    }
    let prelude = try next(NpyHeader.preludeSize)
    let headerSize = try NpyHeader.size(prelude: prelude, owner: owner)
    guard headerSize <= size else {
      throw FileError("\(owner): ends after \(size) bytes, within its npy header of \(headerSize)")
    }
    let bytes = prelude + (try next(headerSize - prelude.count))
    let header = try NpyHeader(bytes, owner: owner)
    guard header.dataSize == size - headerSize else {
      throw FileError(
        "\(owner): shape \(header.shape) of \(header.format.size)-byte elements takes "
          + "\(header.dataSize) bytes, but \(size - headerSize) follow the header")
    }
    return try header.tensor(try next(header.dataSize), owner: owner)
  }
}
