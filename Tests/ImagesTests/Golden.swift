import Foundation

/// The fixtures that were made by calling google-research/big_vision. They are not in this
/// repository: FUNMATCH_GOLDEN names their folder, else `../shared/golden` beside the package is
/// used if there.
enum Golden {
  static let directory: URL? = {
    let named = ProcessInfo.processInfo.environment["FUNMATCH_GOLDEN"].map {
      URL(fileURLWithPath: $0)
    }
    let folder = named ?? packageRoot.appendingPathComponent("../shared/golden")
    let index = folder.appendingPathComponent("preproc_index.json")
    return FileManager.default.fileExists(atPath: index.path) ? folder : nil
  }()

  static let packageRoot = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  struct Photo: Sendable, CustomStringConvertible {
    let id: String
    let file: String
    let decodedShape: [Int]
    let decodedSHA256: String
    let boxes: [[Int]]

    var description: String { id }
    var isJPEG: Bool { !file.hasSuffix(".png") }
    var path: String { Golden.path(file) }
    func arrays() throws -> NPZ { try NPZ(Golden.path("preproc_\(id).npz")) }
  }

  /// The photos of `preproc_index.json`, by id.
  static let photos: [Photo] = {
    guard let directory,
      let data = try? Data(contentsOf: directory.appendingPathComponent("preproc_index.json")),
      let index = try? JSONDecoder().decode([String: Entry].self, from: data)
    else { return [] }
    return index.sorted { $0.key < $1.key }.map { id, entry in
      Photo(
        id: id, file: entry.file, decodedShape: entry.decoded_shape_hwc,
        decodedSHA256: entry.decoded_sha256, boxes: entry.boxes_yxhw)
    }
  }()

  static func path(_ name: String) -> String {
    directory?.appendingPathComponent(name).path ?? name
  }

  private struct Entry: Decodable {
    let file: String
    let decoded_shape_hwc: [Int]
    let decoded_sha256: String
    let boxes_yxhw: [[Int]]
  }
}
