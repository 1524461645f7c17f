import Foundation
import FunMatchFiles
import FunMatchImages

/// Images in shards that `funmatch data pack` wrote, on the disk or on a server, found through the JSON file beside them.
///
/// Their order is that of the data set that was packed, however many shards there are. So a run does not depend on them.
package struct PackedDataset: Dataset {
  private let shards: [ShardFile]
  private let entries: [ArchiveDataset.Entry]
  private let checksums: [UInt32]
  private let names: FileList
  private let labels: [Int32]
  package let classNames: [String]
  package let classNamesAreNumbers: Bool

  /// Reads the JSON file at a path or an address.
  ///
  /// - Throws: `DatasetError` when it cannot be had or is damaged. Of shards only those are missed that are asked for.
  package static func open(_ path: String, client: HTTPClient = .shared) throws -> PackedDataset {
    let data: Data
    do {
      if HTTPClient.isAddress(path) {
        data = try client.read(path, limit: ShardIndex.sizeLimit)
      } else {
        let file = try InputFile(path)
        data = try Data(file.read(at: 0, count: min(file.size, ShardIndex.sizeLimit)))
      }
    } catch let error as HTTPError {
      throw DatasetError(error.description)
    } catch let error as FileError {
      throw DatasetError(error.description)
    }
    // What follows the name in an address, such as a token, holds for the shards, too.
    let query = HTTPClient.isAddress(path) ? path.firstIndex(of: "?") : nil
    let end = query ?? path.endIndex
    let folder = path[..<end].lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    return PackedDataset(
      try ShardIndex.read(data, name: WebAddress.printable(path)), client: client,
      place: { folder + $0 + path[end...] })
  }

  private init(_ index: ShardIndex, client: HTTPClient, place: (String) -> String) {
    let keepsOpen = index.shards.count <= ArchiveFile.openLimit
    shards = index.shards.map {
      ShardFile(place($0.file), size: $0.bytes, keepsOpen: keepsOpen, client: client)
    }
    var (entries, names) = ([ArchiveDataset.Entry](), FileList())
    entries.reserveCapacity(index.images.names.count)
    for (number, shard) in index.shards.enumerated() {
      for image in entries.count..<entries.count + shard.count {
        entries.append(
          ArchiveDataset.Entry(
            offset: index.images.offsets[image], size: index.images.sizes[image],
            archive: UInt32(number)))
        names.append(index.images.names[image])
      }
    }
    (self.entries, self.names) = (entries, names)
    checksums = index.images.crc32
    labels = index.images.labels
    classNames = index.classNames
    classNamesAreNumbers = index.classNamesAreNumbers
  }

  package var count: Int { entries.count }

  package func name(at index: Int) -> String {
    shards[Int(entries[index].archive)].name + "/" + names[index]
  }

  package func localName(at index: Int) -> String { names[index] }

  package func label(at index: Int) -> Int? {
    labels.isEmpty || labels[index] < 0 ? nil : Int(labels[index])
  }

  package func encodedSize(at index: Int) -> Int? { Int(entries[index].size) }

  package func open(_ index: Int, with reader: ImageReader) throws {
    let entry = entries[index]
    try shards[Int(entry.archive)].open(
      offset: entry.offset, count: Int(entry.size), crc32: checksums[index], with: reader)
  }
}
