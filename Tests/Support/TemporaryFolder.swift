import Foundation

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
    // Some file systems wait for the disk when a file is written over, but not for a new one.
    try? FileManager.default.removeItem(atPath: file(name))
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  /// All bytes of a file in the folder.
  public func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name))))
  }
}
