import Foundation
import FunMatchDatasets
import FunMatchImages
import FunMatchTestSupport
import Testing

/// A folder of data sets as they are published, but tiny.
struct Layout {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  var path: String { folder.path }

  /// A registry that looks into this folder alone.
  var registry: DatasetRegistry { DatasetRegistry(dataFolder: path, environment: [:]) }

  func open(_ reference: String) throws -> any Dataset {
    try registry.open(DatasetReference(reference))
  }

  /// Writes a file, and the folders above it.
  func write(_ name: String, _ bytes: [UInt8]) throws {
    let above = (folder.file(name) as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: above, withIntermediateDirectories: true)
    _ = try folder.write(name, bytes)
  }

  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  /// Writes images of one pixel.
  func images(_ names: [String]) throws {
    for name in names { try write(name, picture()) }
  }

  func copy(_ fixture: String, to name: String) throws {
    try write(name, Fixture.bytes(fixture))
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: folder.file(name))
  }

  /// Expects an error whose sentence has all of these words.
  func expectError(
    _ reference: String, _ words: String..., location: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: DatasetError.self, sourceLocation: location) {
      try open(reference)
    }
    for word in words {
      #expect(
        error?.description.contains(word) == true,
        "'\(error?.description ?? "")' has no '\(word)'", sourceLocation: location)
    }
  }
}

/// A small PNG file of one colour.
func picture(_ value: UInt8 = 7, height: Int = 1, width: Int = 1) throws -> [UInt8] {
  try PixelImage(
    height: height, width: width, pixels: [UInt8](repeating: value, count: height * width * 3)
  ).pngData()
}

/// Small files that `Fixtures/make.py` made.
enum Fixture {
  static func path(_ file: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures").appendingPathComponent(file).path
  }

  static func bytes(_ file: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(file))))
  }
}

extension Dataset {
  /// What images are called after `folder`.
  func names(after folder: String) -> [String] {
    (0..<count).map { index in
      let name = name(at: index)
      return name.hasPrefix(folder) ? String(name.dropFirst(folder.count)) : name
    }
  }

  var labels: [Int?] { (0..<count).map { label(at: $0) } }

  /// The classes' names by the images' names.
  func classes(after folder: String) -> [String: String] {
    let pairs = zip(names(after: folder), labels).map { name, label in
      (name, label.map { classNames[$0] } ?? "")
    }
    return Dictionary(pairs, uniquingKeysWith: { $0 + " and " + $1 })
  }
}
