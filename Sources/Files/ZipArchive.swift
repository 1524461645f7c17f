internal import CZip

/// A zip archive open for reading: stored and deflated entries.
///
/// An archive's own claims are checked before memory is taken for them: deflate cannot shrink data
/// by more than 1032:1, and compressed entries together cannot be larger than the file, so what an
/// archive can ask for is bounded by its size even when its entries overlap.
package final class ZipArchive {
  package struct Entry {
    package let name: String
    package let size: Int
    fileprivate let index: UInt64
  }

  package let path: String
  /// In the order of the archive's directory.
  package let entries: [Entry]
  private let archive: OpaquePointer

  private static let maximumSize = 64 << 30
  private static let deflateRatio: UInt64 = 1032

  package init(_ path: String) throws {
    self.path = path
    let file = try InputFile(path)
    let fileSize = file.size
    var code: Int32 = 0
    guard let archive = zip_open(path, ZIP_RDONLY, &code) else {
      try ForeignContent.refuse(file)
      throw FileError("'\(path)' cannot be read as a zip archive: \(Self.message(code))")
    }
    do {
      entries = try Self.entries(of: archive, path: path, fileSize: fileSize)
    } catch {
      zip_discard(archive)
      throw error
    }
    self.archive = archive
  }

  deinit { zip_discard(archive) }

  /// Hands `body` the bytes of an entry in order, as many at a time as it asks for, and afterwards
  /// makes sure that the entry ends there and its checksum is right.
  package func read<Result>(
    _ entry: Entry, _ body: (_ next: (_ count: Int) throws -> [UInt8]) throws -> Result
  ) throws -> Result {
    guard let file = zip_fopen_index(archive, entry.index, 0) else {
      throw failure(entry, String(cString: zip_strerror(archive)))
    }
    defer { zip_fclose(file) }
    let result = try body { count in
      try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        while initialized < count {
          let found = zip_fread(
            file, buffer.baseAddress.map { $0 + initialized }, UInt64(count - initialized))
          guard found > 0 else { throw failure(entry, self.message(file) ?? "ends early") }
          initialized += Int(found)
        }
      }
    }
    // The checksum is compared where the data ends.
    var byte: UInt8 = 0
    let excess = zip_fread(file, &byte, 1)
    guard excess == 0 else {
      throw failure(entry, self.message(file) ?? "is longer than the \(entry.size) bytes declared")
    }
    return result
  }

  private static func entries(
    of archive: OpaquePointer, path: String, fileSize: Int
  ) throws -> [Entry] {
    var names: Set<String> = []
    var compressedTotal: UInt64 = 0
    return try (0..<UInt64(max(0, zip_get_num_entries(archive, 0)))).map { index in
      var status = zip_stat_t()
      let needed = UInt64(ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD)
      guard zip_stat_index(archive, index, 0, &status) == 0, status.valid & needed == needed,
        let pointer = status.name
      else { throw FileError("'\(path)': entry \(index) of the archive is broken") }
      let name = String(cString: pointer)
      let subject = "'\(path)', entry '\(name)'"
      guard names.insert(name).inserted else { throw FileError("\(subject) is there twice") }
      let ratio: UInt64
      switch Int32(status.comp_method) {
      case ZIP_CM_STORE: ratio = 1
      case ZIP_CM_DEFLATE: ratio = deflateRatio
      default:
        throw FileError(
          "\(subject) is compressed by method \(status.comp_method), expected stored or deflated")
      }
      compressedTotal = compressedTotal.addingReportingOverflow(status.comp_size).partialValue
      guard status.comp_size <= fileSize, compressedTotal <= fileSize else {
        throw FileError("\(subject) would end beyond the \(fileSize) bytes of the file")
      }
      guard status.size <= status.comp_size * ratio, status.size <= maximumSize else {
        throw FileError(
          "\(subject) claims to hold \(status.size) bytes in \(status.comp_size), "
            + "which cannot be or is more than 64 GiB")
      }
      return Entry(name: name, size: Int(status.size), index: index)
    }
  }

  private func failure(_ entry: Entry, _ message: String) -> FileError {
    FileError("'\(path)', entry '\(entry.name)': \(message)")
  }

  private func message(_ file: OpaquePointer) -> String? {
    guard let error = zip_file_get_error(file), zip_error_code_zip(error) != ZIP_ER_OK else {
      return nil
    }
    return String(cString: zip_error_strerror(error))
  }

  /// What libzip says to an error code.
  package static func message(_ code: Int32) -> String {
    var error = zip_error_t()
    zip_error_init_with_code(&error, code)
    defer { zip_error_fini(&error) }
    return String(cString: zip_error_strerror(&error))
  }
}
