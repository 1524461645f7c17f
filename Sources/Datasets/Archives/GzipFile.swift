import CZlib
import FunMatchFiles

/// Reads `.gz` files through zlib.
enum GzipFile {
  /// The decompressed bytes of a file.
  ///
  /// - Parameter limit: more bytes than this are refused before they take memory.
  /// - Throws: `DatasetError` naming the file when it cannot be read or is not whole.
  static func read(_ path: String, limit: Int) throws -> [UInt8] {
    // zlib hands out what is not compressed as it is.
    if let foreign = ForeignContent(path: path) {
      throw DatasetError("\(path): \(foreign.words)")
    }
    guard let file = gzopen(path, "rb") else {
      throw DatasetError("\(path): cannot be opened")
    }
    defer { gzclose(file) }
    gzbuffer(file, 1 << 18)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = gzread(file, &chunk, UInt32(chunk.count))
      if count < 0 {
        var code: Int32 = 0
        let reason = gzerror(file, &code).map { String(cString: $0) } ?? "error \(code)"
        throw DatasetError("\(path): is not a whole gzip file (\(reason))")
      }
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<Int(count)])
      guard bytes.count <= limit else {
        throw DatasetError("\(path): holds more than the expected \(limit) bytes")
      }
    }
    // zlib reads a file that ends too early as far as it goes and says so only here.
    var code: Int32 = 0
    _ = gzerror(file, &code)
    if code != Z_OK && code != Z_STREAM_END {
      throw DatasetError("\(path): is not a whole gzip file (it ends too early)")
    }
    return bytes
  }
}
