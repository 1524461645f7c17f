internal import CZip
import Foundation
import FunMatchFiles

/// Writes NumPy's `.npz` files.
///
/// Format: numpy.org/doc/stable/reference/generated/numpy.savez.html. Entries are stored, in the
/// order given and dated 1980-01-01 as NumPy dates them, so that the same arrays always give the
/// same bytes.
public enum Npz {
  /// Writes arrays to `path`, replacing what is there.
  ///
  /// - Throws: `FileError` when a name comes twice, a tensor is bf16, which NumPy does not have,
  ///   or the file cannot be written.
  public static func write(_ arrays: [(name: String, tensor: Tensor)], to path: String) throws {
    var names: Set<String> = []
    for (name, _) in arrays {
      guard names.insert(name).inserted, !name.contains("\0") else {
        throw FileError("cannot write '\(path)': array '\(name)' is there twice or holds a NUL")
      }
    }
    let sources = try arrays.map { name, tensor in
      NpzSource(header: try Npy.header(of: tensor, for: path), tensor: tensor)
    }
    guard !arrays.isEmpty else {
      // libzip leaves no file where an archive is empty; this is one, an end of directory alone.
      return try AtomicFile.write(to: path, [0x50, 0x4b, 5, 6] + [UInt8](repeating: 0, count: 18))
    }
    try AtomicFile.replace(path) { temporary in
      var code: Int32 = 0
      guard let archive = zip_open(temporary, ZIP_CREATE | ZIP_TRUNCATE, &code) else {
        throw FileError("cannot write '\(path)': \(ZipArchive.message(code))")
      }
      for ((name, _), source) in zip(arrays, sources) where !source.add(name + ".npy", to: archive)
      {
        defer { zip_discard(archive) }
        throw failure(path, archive)
      }
      guard zip_close(archive) == 0 else {
        defer { zip_discard(archive) }
        throw failure(path, archive)
      }
    }
  }

  private static func failure(_ path: String, _ archive: OpaquePointer) -> FileError {
    FileError("cannot write '\(path)': \(String(cString: zip_strerror(archive)))")
  }
}

/// An array as libzip asks for its bytes, so that only one array at a time is copied.
private final class NpzSource {
  private let header: [UInt8]
  private let tensor: Tensor
  private var body: [UInt8] = []
  private var position = 0

  init(header: [UInt8], tensor: Tensor) {
    self.header = header
    self.tensor = tensor
  }

  /// Adds an entry that reads from this source when the archive is closed.
  func add(_ name: String, to archive: OpaquePointer) -> Bool {
    let retained = Unmanaged.passRetained(self)
    let source = zip_source_function(
      archive,
      { state, data, length, command in
        guard let state else { return -1 }
        let retained = Unmanaged<NpzSource>.fromOpaque(state)
        if command == ZIP_SOURCE_FREE {
          retained.release()
          return 0
        }
        return retained.takeUnretainedValue().answer(command, data, Int(length))
      }, retained.toOpaque())
    guard let source else {
      retained.release()
      return false
    }
    let index = zip_file_add(archive, name, source, zip_flags_t(ZIP_FL_ENC_UTF_8))
    guard index >= 0 else {
      zip_source_free(source)
      return false
    }
    let firstOf1980: UInt16 = 1 << 5 | 1
    let readableByAll: UInt32 = 0o100644 << 16
    return zip_set_file_compression(archive, UInt64(index), ZIP_CM_STORE, 0) == 0
      && zip_file_set_dostime(archive, UInt64(index), 0, firstOf1980, 0) == 0
      && zip_file_set_external_attributes(
        archive, UInt64(index), 0, UInt8(ZIP_OPSYS_UNIX), readableByAll) == 0
  }

  private func answer(
    _ command: zip_source_cmd_t, _ data: UnsafeMutableRawPointer?, _ length: Int
  ) -> Int64 {
    switch command {
    case ZIP_SOURCE_OPEN:
      body = tensor.bytes
      position = 0
      return 0
    case ZIP_SOURCE_READ:
      return Int64(copy(to: UnsafeMutableRawBufferPointer(start: data, count: length)))
    case ZIP_SOURCE_CLOSE:
      body = []
      return 0
    case ZIP_SOURCE_STAT:
      guard let status = data?.assumingMemoryBound(to: zip_stat_t.self) else { return -1 }
      zip_stat_init(status)
      status.pointee.size = UInt64(header.count + tensor.count * tensor.dtype.size)
      status.pointee.valid |= UInt64(ZIP_STAT_SIZE)
      return Int64(MemoryLayout<zip_stat_t>.size)
    case ZIP_SOURCE_ERROR:
      // Nothing here can fail, so the two numbers of an error are zero.
      data?.initializeMemory(as: Int32.self, repeating: 0, count: 2)
      return Int64(2 * MemoryLayout<Int32>.size)
    case ZIP_SOURCE_SUPPORTS:
      let supported = [
        ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
        ZIP_SOURCE_FREE, ZIP_SOURCE_SUPPORTS,
      ]
      return supported.reduce(0) { $0 | 1 << Int64($1.rawValue) }
    default: return -1
    }
  }

  private func copy(to buffer: UnsafeMutableRawBufferPointer) -> Int {
    let inHeader = position < header.count
    let rest = inHeader ? header[position...] : body[(position - header.count)...]
    let piece = rest.prefix(buffer.count)
    piece.withUnsafeBytes { buffer.copyMemory(from: $0) }
    position += piece.count
    return piece.count
  }
}
