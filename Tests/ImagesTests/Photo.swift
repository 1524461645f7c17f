import Foundation
import FunMatchTestSupport
import FunMatchTorch

/// A photo of the golden fixtures with what big_vision made of it. The photos are not in this
/// repository; where they are absent, the list is empty.
struct Photo: Sendable, CustomStringConvertible {
  let id: String
  let file: String
  let decodedShape: [Int]
  let decodedSHA256: String
  let boxes: [[Int]]

  var description: String { id }
  var isJPEG: Bool { !file.hasSuffix(".png") }
  var path: String { Golden.path(file) }

  func array<T: Element>(_ name: String) throws -> [T] {
    try NpzFile(Golden.path("preproc_\(id).npz")).read(name).array()
  }

  /// The photos of `preproc_index.json`, by id.
  static let all: [Photo] = {
    guard
      let data = FileManager.default.contents(atPath: Golden.path("preproc_index.json")),
      let index = try? JSONDecoder().decode([String: Entry].self, from: data)
    else { return [] }
    return index.sorted { $0.key < $1.key }.map { id, entry in
      Photo(
        id: id, file: entry.file, decodedShape: entry.decoded_shape_hwc,
        decodedSHA256: entry.decoded_sha256, boxes: entry.boxes_yxhw)
    }
  }()

  private struct Entry: Decodable {
    let file: String
    let decoded_shape_hwc: [Int]
    let decoded_sha256: String
    let boxes_yxhw: [[Int]]
  }
}
