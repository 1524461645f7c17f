import Foundation
import FunMatchImages

/// A shard on the disk or on a server. Can be used from any thread.
final class ShardFile: @unchecked Sendable {
  private let path: String
  private let size: Int
  private let archive: ArchiveFile?
  private let client: HTTPClient
  private let lock = NSLock()
  /// Why it was found to be gone.
  private var absence: String?

  /// - Parameters:
  ///   - path: a path or an address.
  ///   - size: bytes that it should have.
  init(_ path: String, size: Int, keepsOpen: Bool, client: HTTPClient = .shared) {
    (self.path, self.size, self.client) = (path, size, client)
    guard !HTTPClient.isAddress(path) else {
      archive = nil
      return
    }
    archive = try? ArchiveFile(path, keepsOpen: keepsOpen)
    if archive == nil {
      absence = String(cString: strerror(errno))
    } else {
      var status = stat()
      if stat(path, &status) == 0, Int(status.st_size) != size {
        absence = "it has \(status.st_size) of \(size) bytes"
      }
    }
  }

  /// What messages call it.
  var name: String { archive == nil ? WebAddress.printable(path) : path }

  /// Makes the image that is `count` bytes from `offset` on the one that `reader` holds.
  ///
  /// - Throws: `ImageError` of kind `lost` when the shard is gone, another when its bytes cannot be read or are not what they
  ///   were.
  func open(offset: Int, count: Int, crc32: UInt32, with reader: ImageReader) throws {
    if let absence = lock.withLock({ absence }) { throw lost(absence) }
    // Damage may have happened on the way.
    var tries = archive == nil ? 3 : 1
    while true {
      tries -= 1
      do {
        return try reader.open(count: count) { bytes in
          try read(offset, into: bytes)
          guard CRC32.of(UnsafeRawBufferPointer(bytes)) == crc32 else {
            throw ImageError(
              kind: .damaged, reason: "its bytes are not those that were packed (CRC-32)")
          }
        }
      } catch let error as ImageError where error.kind == .damaged && tries > 0 {
        continue
      } catch let error as HTTPError {
        guard !error.mayPass else {
          throw ImageError(kind: .unreadable, reason: error.reason)
        }
        // Whatever else is in it will not come either, and is not asked for again.
        lock.withLock { absence = error.reason }
        throw lost(error.reason)
      }
    }
  }

  private func read(_ offset: Int, into target: UnsafeMutableRawBufferPointer) throws {
    guard let archive else {
      return try client.read(path, offset..<offset + target.count, into: target)
    }
    try archive.withDescriptor { try ImageReader.read($0, at: offset, into: target) }
  }

  private func lost(_ reason: String) -> ImageError {
    ImageError(kind: .lost, file: name, reason: reason)
  }
}
