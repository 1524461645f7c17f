import Foundation
import FunMatchFiles

extension LogitBank {
  /// Makes sure that there is room for a bank, or for the rest of one.
  ///
  /// - Parameters:
  ///   - folder: where it is or will be; need not be there.
  ///   - bytes: how much is to come.
  /// - Throws: `FileError` when its file system has less free.
  public static func checkSpace(folder: String, bytes: Int) throws {
    var place = URL(fileURLWithPath: folder)
    while place.path != "/", !FileManager.default.fileExists(atPath: place.path) {
      place.deleteLastPathComponent()
    }
    var system = statvfs()
    // Where the free space is unknown, a full disk shows while writing.
    guard statvfs(place.path, &system) == 0 else { return }
    let free = Double(system.f_bavail) * Double(system.f_frsize)
    guard free < Double(bytes) else { return }
    func megabytes(_ bytes: Double) -> String { NumberText.fixed(bytes / 1e6, 1) + " MB" }
    throw FileError(
      "\(folder): the logits that are to come take \(megabytes(Double(bytes))), but only "
        + "\(megabytes(free)) are free there")
  }

  /// What the description tells; what this bank is where there is none yet.
  ///
  /// - Throws: `FileError` when it cannot be read or is of another bank.
  func description() throws -> LogitBankDescription {
    let files = FileManager.default
    // Tested first, as another process may be about to write the description and the first logits.
    let isEmpty = size == 0
    guard files.fileExists(atPath: sidecar) else {
      guard isEmpty else { throw damage("has logits without \(sidecar), which told what they are") }
      var empty = known
      (empty.steps, empty.checksums) = (0, [])
      return empty
    }
    guard files.isReadableFile(atPath: sidecar) else {
      throw FileError("\(sidecar): cannot be read")
    }
    guard let found = JSONText.read(sidecar, as: LogitBankDescription.self) else {
      throw damage("cannot be used, since \(sidecar) is damaged")
    }
    guard found.isAlike(known) else {
      throw damage("cannot be used, since \(sidecar) tells of other logits")
    }
    guard found.isSound else { throw damage("cannot be used, since \(sidecar) is damaged") }
    guard files.fileExists(atPath: path) else {
      throw FileError(
        "\(path): is missing, but \(sidecar) tells of it; bring it back, or remove that file to compute "
          + "the logits anew")
    }
    return found
  }

  /// The description, once every logit that it tells of was verified.
  ///
  /// - Throws: `FileError` when one is not what was recorded.
  func verified() throws -> LogitBankDescription {
    let page = try description()
    guard page.steps > 0 else { return page }
    let count = page.steps * page.row
    let file = try InputFile(path)
    guard file.size >= count else { throw damage("is shorter than \(sidecar) tells") }
    let found = try Checksum.sha256s(of: file, first: count, each: page.chunk)
    let pairs = zip(found, page.checksums)
    if let wrong = Array(pairs).firstIndex(where: { $0 != $1 }) {
      let first = wrong * page.stepsPerChunk + 1
      let last = min(first + page.stepsPerChunk - 1, page.steps)
      throw damage("is damaged: steps \(first) to \(last) do not have the SHA-256 in \(sidecar)")
    }
    return page
  }

  /// Bytes of the file of the logits; 0 where there is none.
  private var size: Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return (attributes?[.size] as? NSNumber)?.intValue ?? 0
  }

  func damage(_ what: String) -> FileError {
    FileError("\(path): \(what); remove both to compute the logits anew")
  }
}
