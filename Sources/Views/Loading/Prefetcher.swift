import Foundation
import FunMatchFiles
import FunMatchImages

/// Something that workers do for a batch: its parts are independent of each other and of who does
/// them.
protocol Work: AnyObject, Sendable {
  /// Number of parts.
  var count: Int { get }
  /// Bytes that the work holds, for the bound on what is prepared ahead.
  var byteCount: Int { get }
  /// Does part `part` of it.
  func run(_ part: Int, with reader: ImageReader) throws
}

/// Lets threads do the work of batches, in order and a few batches ahead of the caller.
///
/// What comes out does not depend on the number of threads: each part is a function of the batch
/// alone, and of several errors the one of the earliest part is thrown. Memory is bounded by the
/// batches that are ahead.
final class Prefetcher<W: Work> {
  private let make: (Int) throws -> W?
  private let shared: Shared
  /// Does the work on the caller's thread, where the system gives no other.
  private let alone: ImageReader?
  private var first = 0
  /// Number of the batch after the last one that was begun.
  private var next = 0

  /// - Parameters:
  ///   - make: the work of batch n; `nil` after the last one. Called by the thread that takes the batches, in order.
  init(
    threads: Int, decoder: ImageDecoder, make: @escaping (Int) throws -> W?
  ) {
    self.make = make
    let shared = Shared()
    self.shared = shared
    let started = (0..<max(threads, 1)).filter { _ in
      Workers.start { shared.serve(ImageReader(decoder), waits: true) }
    }
    alone = started.isEmpty ? ImageReader(decoder) : nil
  }

  deinit { shared.end() }

  /// The finished work of batch `index`. Taking them in any other order than one after the other is
  /// allowed, but nothing is prepared then.
  ///
  /// - Throws: the error of the earliest part that failed.
  func take(_ index: Int) throws -> W {
    guard let work = try takeIfAny(index) else { throw ViewError("there are no more batches") }
    return work
  }

  /// The same where it is not known beforehand how many there are; `nil` when there is none.
  func takeIfAny(_ index: Int) throws -> W? {
    if index != first {
      shared.clear()
      (first, next) = (index, index)
    }
    first = index + 1
    repeat {
      guard let work = try make(next) else { break }
      shared.add(work)
      next += 1
    } while next <= index || next <= index + Self.ahead(shared.bytesOfLatest)
    if let alone { shared.serve(alone, waits: false) }
    return try shared.takeFirst()
  }

  /// How many batches are prepared ahead: enough that uneven ones do not show, within a bound.
  private static func ahead(_ bytes: Int) -> Int { min(max((256 << 20) / max(bytes, 1), 1), 4) }

  /// What the threads and the caller share.
  private final class Shared: @unchecked Sendable {
    private final class Entry {
      let work: W
      var begun = 0
      var left: Int
      var failure: (part: Int, error: any Error)?

      init(_ work: W) {
        self.work = work
        left = work.count
      }
    }
    private let condition = NSCondition()
    private var entries: [Entry] = []
    private var isOver = false
    private var latest = 0

    var bytesOfLatest: Int { latest }

    func add(_ work: W) {
      condition.withLock {
        entries.append(Entry(work))
        latest = work.byteCount
        condition.broadcast()
      }
    }

    /// Forgets everything that is not being done at this moment.
    func clear() { condition.withLock { entries = [] } }

    func end() {
      condition.withLock {
        entries = []
        isOver = true
        condition.broadcast()
      }
    }

    func takeFirst() throws -> W? {
      let entry = condition.withLock {
        while let entry = entries.first, entry.left > 0 { condition.wait() }
        return entries.isEmpty ? nil : entries.removeFirst()
      }
      guard let entry else { return nil }
      if let failure = entry.failure { throw failure.error }
      return entry.work
    }

    func serve(_ reader: ImageReader, waits: Bool) {
      while let (entry, part) = takePart(waits) {
        var failure: (any Error)?
        do {
          try entry.work.run(part, with: reader)
        } catch {
          failure = error
        }
        condition.withLock {
          if let failure, part < entry.failure?.part ?? .max { entry.failure = (part, failure) }
          entry.left -= 1
          if entry.left == 0 { condition.broadcast() }
        }
      }
    }

    private func takePart(_ waits: Bool) -> (Entry, Int)? {
      condition.withLock {
        while !isOver {
          if let entry = entries.first(where: { $0.begun < $0.work.count }) {
            entry.begun += 1
            return (entry, entry.begun - 1)
          }
          guard waits else { return nil }
          condition.wait()
        }
        return nil
      }
    }
  }
}
