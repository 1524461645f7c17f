import Foundation
import FunMatchFiles

extension DatasetFetcher {
  /// A note beside a fetched file, `NAME.ok`, which saves hashing it again, or says that the archive
  /// `NAME` was unpacked.
  struct Receipt: Equatable {
    /// The SHA-256 of the file, or its address where that is not known.
    let identity: String
    /// What an archive held, without what its folders hold.
    let entries: [String]

    init(of file: DatasetSource.File, entries: [String] = []) {
      identity = file.sha256 ?? file.address
      self.entries = entries
    }

    init?(lines: [String]) {
      guard let first = lines.first else { return nil }
      identity = first
      entries = Array(lines.dropFirst())
    }
  }

  func receipt(for file: DatasetSource.File) -> Receipt? {
    guard let data = FileManager.default.contents(atPath: path(of: file) + ".ok") else {
      return nil
    }
    return Receipt(
      lines: String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init))
  }

  func write(_ receipt: Receipt, for file: DatasetSource.File) throws {
    let path = path(of: file) + ".ok"
    let text = ([receipt.identity] + receipt.entries).joined(separator: "\n") + "\n"
    do {
      try AtomicFile.write(to: path, Data(text.utf8))
    } catch {
      throw DatasetError("\(error)")
    }
  }
}
