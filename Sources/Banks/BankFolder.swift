import Foundation
import FunMatchFiles

/// A folder in which teachers' logits are kept, for one identity: `KEY-ENVIRONMENT.json` describes what lies beside it.
struct BankFolder {
  let path: String
  let identity: BankIdentity

  /// The folder, which is made if it is not there.
  ///
  /// - Throws: `FileError` when it cannot be made.
  init(_ path: String, _ identity: BankIdentity) throws {
    (self.path, self.identity) = (path, identity)
    try CacheFolder.use { try AtomicFile.makeFolder(path) }
  }

  /// What every description begins with.
  private struct Head: Decodable {
    let identity: [String]?
    let environment: [String]?
  }

  /// The path of what belongs to the identity and was computed in this environment, without an ending.
  var own: String {
    let place = Checksum.sha256(of: identity.environment.joined(separator: "\n")).prefix(8)
    return "\(path)/\(identity.key)-\(place)"
  }

  private var descriptions: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasSuffix(".json") }.sorted().map { "\(path)/\($0)" }
  }

  /// The identities of all that lies here.
  var identities: [[String]] {
    descriptions.compactMap { JSONText.read($0, as: Head.self)?.identity }
  }

  /// The path of something complete that differs in its environment alone, without an ending, and the lines in which it
  /// does; `nil` where there is none, or something was begun in this environment.
  ///
  /// - Parameter isComplete: whether what lies under a path is of use as it is.
  func foreign(isComplete: (String) -> Bool) -> (path: String, difference: [String])? {
    guard !FileManager.default.fileExists(atPath: own + ".json") else { return nil }
    for file in descriptions where file.hasPrefix("\(path)/\(identity.key)-") {
      let place = String(file.dropLast(5))
      guard let head = JSONText.read(file, as: Head.self), head.identity == identity.lines,
        isComplete(place)
      else { continue }
      return (place, BankIdentity.difference(head.environment ?? [], identity.environment))
    }
    return nil
  }

  /// Why nothing that lies here is of use, in a sentence: the lines in which the nearest description differs; `nil` where
  /// there is nothing. It deserves a warning where that is the one key which counts here and may change while a run goes on.
  var nearest: (words: String, isWarning: Bool)? {
    let others = descriptions.compactMap { file in
      JSONText.read(file, as: Head.self).map { (file, $0) }
    }
    let known = others.compactMap { file, head in
      head.identity.map { lines in
        (
          file: file, lines: lines,
          difference: BankIdentity.difference(
            lines + (head.environment ?? []), identity.lines + identity.environment)
        )
      }
    }
    let key = "onBrokenImage: "
    if let other = known.first(where: {
      $0.difference.count == 1 && $0.difference[0].hasPrefix(key)
    }),
      let there = other.lines.first(where: { $0.hasPrefix(key) })
    {
      return (
        "\(other.file) is of no use here, since it differs in \(other.difference[0]), by which other images may take "
          + "the place of broken ones: teachers compute their logits anew; with `\(there)` in the recipe, what is kept "
          + "would be used", true
      )
    }
    if let best = known.min(by: { $0.difference.count < $1.difference.count }) {
      let shown = best.difference.prefix(5).joined(separator: "; ")
      let more = best.difference.count > 5 ? "; and \(best.difference.count - 5) more" : ""
      return ("\(best.file) is of no use here, since it differs in \(shown)\(more)", false)
    }
    return others.first.map { file, _ in
      (
        "\(file) was described by an earlier version, which compared less; it is of no use here",
        false
      )
    }
  }
}
