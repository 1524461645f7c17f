import Foundation
import FunMatchFiles

/// What the JSON file beside packed shards holds: their images in the order of the data set that they were packed from.
struct ShardIndex: Codable, Equatable {
  static let format = "funmatch shards 1"
  /// Bytes that no such file takes: 1.3 million images take 80 million.
  static let sizeLimit = 2 << 30

  /// A tar archive.
  struct Shard: Codable, Equatable {
    /// Its name in the folder of the JSON file.
    let file: String
    let bytes: Int
    let sha256: String
    /// Number of images.
    let count: Int
  }

  /// A column for each property; one element an image, or of `labels` none at all.
  struct Images: Codable, Equatable {
    /// What the data set calls them.
    var names: [String] = []
    /// -1 for an image without a label.
    var labels: [Int32] = []
    /// Of their bytes in their shard.
    var offsets: [Int] = []
    var sizes: [UInt32] = []
    /// Of their bytes, as zlib and ZIP have it.
    var crc32: [UInt32] = []

    static func += (left: inout Images, right: Images) {
      left.names += right.names
      left.labels += right.labels
      left.offsets += right.offsets
      left.sizes += right.sizes
      left.crc32 += right.crc32
    }
  }

  var format = Self.format
  let source: String
  let classNames: [String]
  let classNamesAreNumbers: Bool
  var shards: [Shard] = []
  var images = Images()

  /// Reads one.
  ///
  /// - Parameter name: what errors call the file.
  /// - Throws: `DatasetError` when it is none, or contradicts itself.
  static func read(_ data: Data, name: String) throws -> ShardIndex {
    struct Beginning: Decodable { let format: String }
    let decoder = JSONDecoder()
    guard let beginning = try? decoder.decode(Beginning.self, from: data) else {
      let foreign = ForeignContent(beginning: data.prefix(ForeignContent.beginningSize))
      throw DatasetError(
        "\(name): "
          + (foreign?.words ?? "is no index of shards as `funmatch data pack` writes it"))
    }
    guard beginning.format == format else {
      throw DatasetError(
        "\(name): has the format '\(beginning.format)'; expected '\(format)'")
    }
    guard let index = try? decoder.decode(ShardIndex.self, from: data) else {
      throw DatasetError("\(name): is damaged; pack the shards anew")
    }
    if let fault = index.fault { throw DatasetError("\(name): is damaged (\(fault))") }
    return index
  }

  private var fault: String? {
    let count = images.names.count
    guard
      [images.offsets.count, images.sizes.count, images.crc32.count].allSatisfy({ $0 == count }),
      images.labels.isEmpty || images.labels.count == count,
      shards.allSatisfy({ (0...count).contains($0.count) }),
      shards.reduce(0, { $0 + $1.count }) == count
    else { return "its lists are not equally long" }
    guard count > 0 else { return "it lists no images" }
    let classes = Int32(classNames.count)
    guard images.labels.allSatisfy({ (-1..<max(classes, 0)).contains($0) }) else {
      return "a label is not among its \(classes) classes"
    }
    var first = 0
    for shard in shards {
      guard !shard.file.isEmpty, !shard.file.contains("/") else {
        return "'\(shard.file)' is no name of a file beside it"
      }
      guard shard.bytes >= 0 else { return "\(shard.file) has \(shard.bytes) bytes" }
      for image in first..<first + shard.count {
        guard images.offsets[image] >= 0,
          images.offsets[image] <= shard.bytes - Int(images.sizes[image])
        else { return "'\(images.names[image])' lies beyond the end of \(shard.file)" }
      }
      first += shard.count
    }
    return nil
  }
}
