import Foundation
import FunMatchDatasets
import FunMatchImages
import FunMatchSettings

/// What is done about images that cannot be read or decoded, and which they were. Can be used from
/// any thread.
public final class BrokenImages: @unchecked Sendable {
  /// The recipe's `onBrokenImage`.
  public enum Rule: String, SettingName {
    /// The run ends with an error.
    case fail
    /// The image that follows in the data set takes its place.
    case skip
  }

  /// What is done.
  public let rule: Rule
  private let lock = NSLock()
  private var found: Set<Int> = []
  private var unreported: [String] = []
  private var lostShards: Set<String> = []

  /// Knows of none yet.
  public init(_ rule: Rule) { self.rule = rule }

  /// How many different images were found to be broken.
  public var count: Int { lock.withLock { found.count } }

  /// The sentences on images that were found since the last call.
  public func takeReports() -> [String] {
    lock.withLock {
      defer { unreported = [] }
      return unreported.sorted()
    }
  }

  /// Does `body` with the image at `index`, or with the next one for which it succeeds. What was
  /// found before plays no part, so that a view stays a function of its place alone.
  ///
  /// - Parameter excluded: images that are passed over, too.
  /// - Returns: which image it was.
  /// - Throws: `ImageError` unless images are skipped, or when a thousand in a row are broken.
  func read(
    _ dataset: any Dataset, _ index: Int, excluding excluded: Set<Int>, with reader: ImageReader,
    _ body: (ImageReader) throws -> Void
  ) throws -> Int {
    var (offset, failures) = (0, 0)
    while true {
      let place = (index + offset) % dataset.count
      offset += 1
      if excluded.contains(place), offset < dataset.count { continue }
      do {
        try dataset.read(place, with: reader, body)
        return place
      } catch let error as ImageError {
        // A lost shard may have more, and costs no time.
        failures += error.kind == .lost ? 0 : 1
        guard rule == .skip, offset < dataset.count, failures < 1000 else { throw error }
        note(place, error)
      }
    }
  }

  /// Does `body` with the image at `index`.
  ///
  /// - Returns: whether it could be done.
  /// - Throws: `ImageError` unless images are skipped.
  package func tryRead(
    _ dataset: any Dataset, _ index: Int, with reader: ImageReader,
    _ body: (ImageReader) throws -> Void
  ) throws -> Bool {
    do {
      try dataset.read(index, with: reader, body)
      return true
    } catch let error as ImageError {
      guard rule == .skip else { throw error }
      note(index, error)
      return false
    }
  }

  private func note(_ place: Int, _ error: ImageError) {
    let sentence = error.description
    lock.withLock {
      guard found.insert(place).inserted else { return }
      // Once for all images of a shard.
      if error.kind != .lost || lostShards.insert(sentence).inserted { unreported.append(sentence) }
    }
  }
}
