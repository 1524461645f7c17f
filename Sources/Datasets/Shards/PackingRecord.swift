import Foundation
import FunMatchFiles

/// What was packed so far: a file of lines of JSON, the first of which tells what is packed and how. It is locked while one
/// packs, and is gone when all is done.
final class PackingRecord {
  /// A finished shard.
  struct Entry: Codable {
    let shard: ShardIndex.Shard
    let images: ShardIndex.Images
  }

  private(set) var entries: [Entry] = []
  /// Whether this goes on with what was begun before.
  private(set) var isContinued = false
  private let path: String
  private let lock: FileLock
  private var end = 0

  /// Opens the record at a path, or begins it.
  ///
  /// - Parameters:
  ///   - identity: a line that is the same for the same images, packed in the same way.
  ///   - isThere: whether a finished shard is still on the disk; what comes after one that is not is forgotten.
  /// - Throws: `DatasetError` when another process packs, or something else was begun there; `FileError` when it cannot be
  ///   written.
  init(_ path: String, identity: String, isThere: (ShardIndex.Shard) -> Bool) throws {
    self.path = path
    guard let lock = try FileLock.take(path) else {
      throw DatasetError("\(path): another process is packing into this folder")
    }
    self.lock = lock
    let file = try InputFile(path)
    let bytes = try file.read(at: 0, count: file.size)
    // What a kill has cut off begins no line.
    let lines = bytes[..<((bytes.lastIndex(of: 10) ?? -1) + 1)].split(separator: 10)
    if let first = lines.first {
      guard String(decoding: first, as: UTF8.self) == identity else {
        throw DatasetError(
          "\(path): other images, or other options, were packed here and not finished; finish that, "
            + "or remove this file and the shards beside it")
      }
      isContinued = true
      end = first.count + 1
      for line in lines.dropFirst() {
        guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(line)),
          isThere(entry.shard)
        else { break }
        entries.append(entry)
        end += line.count + 1
      }
      try lock.truncate(to: end)
    } else {
      try lock.truncate(to: 0)
      try write(identity)
    }
  }

  /// Notes a shard that is on the disk.
  ///
  /// - Throws: `FileError` when it cannot be written.
  func append(_ entry: Entry) throws {
    try write(JSONText.line(entry))
    entries.append(entry)
  }

  /// Ends the record: all is done.
  func remove() { unlink(path) }

  private func write(_ line: String) throws {
    let bytes = Array((line + "\n").utf8)
    try lock.write(bytes, at: end)
    try lock.synchronize()
    end += bytes.count
  }
}
