import FunMatchFiles

/// A NumPy `.npz` file open for reading: a zip archive, stored or deflated, of `.npy` arrays.
///
/// Format: numpy.org/doc/stable/reference/generated/numpy.savez.html.
public final class NpzFile {
  /// Where the file is.
  public let path: String
  /// Names of the arrays, without `.npy`, in the order of the file.
  public let names: [String]

  private let archive: ZipArchive
  private let entries: [String: ZipArchive.Entry]

  /// Opens a file and checks the sizes that its directory claims.
  ///
  /// - Throws: `FileError` that names the file and what is wrong with it.
  public init(_ path: String) throws {
    archive = try ZipArchive(path)
    self.path = path
    // Archivers on some systems add files of their own, which NumPy passes over as well.
    let arrays = archive.entries.filter { $0.name.hasSuffix(".npy") }
    guard !arrays.isEmpty || archive.entries.isEmpty else {
      throw FileError("'\(path)' is a zip archive without a .npy array, expected an .npz file")
    }
    names = arrays.map { String($0.name.dropLast(4)) }
    entries = Dictionary(uniqueKeysWithValues: zip(names, arrays))
  }

  /// One array.
  ///
  /// - Throws: `FileError` when there is none of this name or it is broken.
  public func read(_ name: String) throws -> Tensor {
    guard let entry = entries[name] else {
      throw FileError("'\(path)' has no array '\(name)'; it holds \(names.count): \(list(names))")
    }
    return try archive.read(entry) { next in
      try Npy.decode(size: entry.size, owner: "'\(path)', array '\(name)'", next: next)
    }
  }

  /// Every array, in the order of `names`.
  public func readAll() throws -> [(name: String, tensor: Tensor)] {
    try names.map { ($0, try read($0)) }
  }
}
