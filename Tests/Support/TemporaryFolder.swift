import Foundation
import FunMatchTorch

/// An empty folder that is removed, with everything in it, when the last reference to it goes.
public final class TemporaryFolder {
  /// Where the folder is.
  public let path: String

  /// Makes a folder with a name of its own.
  public init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("funmatch-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in the folder, there or not.
  public func file(_ name: String) -> String { (path as NSString).appendingPathComponent(name) }

  /// Names of everything in the folder, hidden files too, sorted.
  public var contents: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }

  /// Writes a file into the folder and returns its path.
  public func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let path = file(name)
    // Unlike Foundation's, this way does not wait for the disk, which tests of damaged files would
    // notice; nor do some file systems, if the file is a new one.
    unlink(path)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    let written = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
    guard close(descriptor) == 0, written == bytes.count else {
      throw TorchError("cannot write '\(path)'")
    }
    return path
  }

  /// All bytes of a file in the folder.
  public func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name))))
  }
}
