import Foundation
import FunMatchImages

/// An image that somebody named by its path, or what somebody named in vain.
package struct NamedImage: Sendable {
  private enum Kind {
    /// A regular file.
    case file
    /// A regular file, a pipe or a device.
    case anything
    case nothing(any Error)
  }
  /// Its bytes, which need not be UTF-8.
  private let path: [UInt8]
  private let kind: Kind

  private init(_ path: [UInt8], _ kind: Kind) { (self.path, self.kind) = (path, kind) }

  static func file(_ path: [UInt8]) -> NamedImage { NamedImage(path, .file) }

  static func anything(_ path: [UInt8]) -> NamedImage { NamedImage(path, .anything) }

  /// What cannot be opened, for that reason.
  static func nothing(_ error: any Error) -> NamedImage { NamedImage([], .nothing(error)) }

  /// The path as text.
  package var name: String { String(decoding: path, as: UTF8.self) }

  /// Does something with the image. Errors name it.
  ///
  /// - Throws: what `body` throws, or `ImageError` or `DatasetError` when there is no such image.
  package func read(
    with reader: ImageReader, _ body: (ImageReader) throws -> Void
  ) throws {
    do {
      try open(with: reader)
      try body(reader)
    } catch var error as ImageError where error.file == nil {
      error.file = name
      throw error
    }
  }

  private func open(with reader: ImageReader) throws {
    if case .nothing(let error) = kind { throw error }
    // The system would take what comes before for the path.
    guard !path.contains(0) else {
      throw ImageError(kind: .unreadable, reason: "a path has no zero byte")
    }
    var status = stat()
    if case .anything = kind, Self.withCharacters(path, { stat($0, &status) }) == 0,
      ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
    {
      let bytes = try stream(limit: reader.decoder.byteLimit)
      return try reader.open(count: bytes.count) { $0.copyBytes(from: bytes) }
    }
    try Self.withCharacters(path) { try reader.open(path: $0) }
  }

  /// All that comes from a pipe or device.
  private func stream(limit: Int) throws -> [UInt8] {
    // Of a socket the name cannot be opened.
    let descriptor =
      path == Array("/dev/stdin".utf8)
      ? dup(STDIN_FILENO) : Self.withCharacters(path) { Foundation.open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw Self.unreadable() }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Foundation.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      if count < 0 && errno == EAGAIN {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        poll(&state, 1, -1)
        continue
      }
      guard count >= 0 else { throw Self.unreadable() }
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= limit else {
        throw ImageError(kind: .tooLarge, reason: "it has more than \(limit) bytes")
      }
    }
  }

  private static func unreadable() -> ImageError {
    ImageError(kind: .unreadable, reason: String(cString: strerror(errno)))
  }

  /// Lends a path as the system takes it.
  static func withCharacters<Result>(
    _ path: [UInt8], _ body: (UnsafePointer<CChar>) throws -> Result
  ) rethrows -> Result {
    try (path + [0]).withUnsafeBytes {
      guard let start = $0.bindMemory(to: CChar.self).baseAddress else {
        preconditionFailure("a path ends in a zero byte")
      }
      return try body(start)
    }
  }
}
