import Foundation
import FunMatchFiles

/// Files of servers that are kept whole, for those of which parts are of no use.
package struct RemoteCache {
  private let folder: String
  private let client: HTTPClient

  /// Keeps them under `folder`.
  package init(folder: String = CacheFolder.user + "/shards", client: HTTPClient = .shared) {
    (self.folder, self.client) = (folder, client)
  }

  /// Fetches a file unless the same state of it is here; a transfer that broke goes on where it stopped. While one process
  /// fetches it others wait.
  ///
  /// - Returns: where it lies.
  /// - Throws: `DatasetError` when it cannot be had or the disk is full.
  package func fetch(_ address: String) throws -> String {
    // What follows a question mark, such as a signature, is another every time.
    let bare = String(address.prefix { $0 != "?" })
    let name = bare.split(separator: "/").last.map(String.init) ?? "file"
    let place = folder + "/" + Checksum.sha256(of: bare).prefix(16)
    let path = place + "/" + name
    do {
      try AtomicFile.makeFolder(place)
      while true {
        guard let lock = try FileLock.take(path + ".lock") else {
          Thread.sleep(forTimeInterval: 0.2)
          continue
        }
        return try withExtendedLifetime(lock) {
          try update(path, address)
          return path
        }
      }
    } catch let error as HTTPError {
      throw DatasetError(error.description)
    } catch let error as FileError {
      throw DatasetError("\(error); FUNMATCH_CACHE names another folder for what is fetched")
    }
  }

  private func update(_ path: String, _ address: String) throws {
    let (note, part) = (path + ".json", path + ".part")
    let known = JSONText.read(note, as: HTTPClient.Answer.self)
    let isHere = FileManager.default.fileExists(atPath: path)
    let answer: HTTPClient.Answer
    do {
      answer = try client.describe(address)
    } catch let error as HTTPError where error.mayPass && isHere {
      // Without the network what was fetched before is what there is.
      return
    }
    let isSame = known == answer && answer.size != nil
    if isHere, isSame { return }
    if !isSame {
      unlink(part)
      unlink(path)
      try JSONText.write(answer, to: note)
    }
    guard let file = try FileLock.take(part) else { return }
    var end = 0
    try client.retrying(progress: { end }) {
      end = try InputFile(part).size
      if end == answer.size { return }
      do {
        try client.read(address, from: end) { bytes in
          try file.write(Array(bytes), at: end)
          end += bytes.count
        }
      } catch let error as HTTPError where error.isWithoutRanges || answer.size == nil {
        try file.truncate(to: 0)
        throw HTTPError(address: address, reason: error.reason, mayPass: true)
      }
      guard answer.size ?? end == end else {
        throw HTTPError(
          address: address, reason: "\(end) of \(answer.size ?? 0) bytes came", mayPass: true)
      }
    }
    try file.synchronize()
    guard rename(part, path) == 0 else { throw FileError.system("cannot be written", path) }
  }
}
