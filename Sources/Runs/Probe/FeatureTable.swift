import FunMatchFiles
import FunMatchTorch

/// What a frozen network makes of the views of images, in a file of which some rows are read at a time: f32, a row a view,
/// all views of one image behind each other.
package struct FeatureTable {
  /// Number of images.
  package let images: Int
  /// Views of each.
  package let views: Int
  /// Values of a view.
  package let width: Int
  private let file: InputFile

  /// - Parameter file: the bare values, little-endian.
  /// - Throws: `FileError` when the file cannot be read or has another size.
  package init(_ file: String, images: Int, views: Int, width: Int) throws {
    (self.images, self.views, self.width) = (images, views, width)
    self.file = try InputFile(file)
    let size = images * views * width * MemoryLayout<Float>.size
    guard self.file.size == size else {
      throw FileError("\(file): has \(self.file.size) bytes, expected \(size)")
    }
  }

  /// Number of views of all images.
  package var rows: Int { images * views }

  /// Some views, (rows, width), f32.
  ///
  /// - Throws: `FileError` when they cannot be read.
  package func read(_ rows: Range<Int>) throws -> Tensor {
    let row = width * MemoryLayout<Float>.size
    return try Tensor(shape: [rows.count, width], dtype: .f32) { memory in
      try file.read(at: rows.lowerBound * row, into: memory)
    }
  }

  /// Rows that are read together: some 4 million values, and all views of an image.
  package var blocks: [Range<Int>] {
    let length = max(1, (1 << 22) / max(1, width * views)) * views
    return stride(from: 0, to: rows, by: length).map { $0..<min($0 + length, rows) }
  }

  /// SHA-256 of the checksums of its parts, which all cores compute.
  func checksum() throws -> String {
    Checksum.sha256(
      of: try Checksum.sha256s(of: file, first: file.size, each: 1 << 26).joined(separator: "\n"))
  }
}
