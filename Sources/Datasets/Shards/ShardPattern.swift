import Foundation

/// How shards are called: a path with the place of their number, as in `shards-%06d.tar`.
package struct ShardPattern: Sendable {
  /// The folder, with a slash at its end; empty for the current one.
  let folder: String
  private let start: String
  private let digits: Int
  private let end: String

  /// - Throws: `DatasetError` when the text has no place for a number, or names no tar archive.
  package init(_ text: String) throws {
    let pattern = /(?<folder>(?:.*\/)?)(?<start>[^\/%]*)%0?(?<digits>[1-9]?)d(?<end>[^\/%]*\.tar)/
    guard let match = text.wholeMatch(of: pattern) else {
      throw DatasetError(
        "'\(text)' names no shards; expected a path with one place for their number, such as "
          + "shards-%06d.tar")
    }
    folder = String(match.folder)
    start = String(match.start)
    digits = Int(match.digits) ?? 1
    end = String(match.end)
  }

  /// The name of a shard in the folder.
  func name(_ number: Int) -> String {
    let text = String(number)
    return start + String(repeating: "0", count: max(0, digits - text.count)) + text + end
  }

  /// The path of the JSON file beside them: `shards.json` for `shards-%06d.tar`.
  package var index: String {
    var name = Substring(start)
    while let last = name.last, "-_.".contains(last) { name.removeLast() }
    return folder + (name.isEmpty ? "shards" : String(name)) + ".json"
  }
}
