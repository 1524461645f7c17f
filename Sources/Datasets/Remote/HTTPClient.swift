import CHTTP
import Foundation

/// Gets files and parts of files over HTTP and HTTPS, again and again where it failed for a moment. Can be used from any
/// thread; every request under way has a connection of its own, which is kept for the next.
package final class HTTPClient: @unchecked Sendable {
  /// For the whole process.
  package static let shared = HTTPClient()

  /// What a server says of a file.
  struct Answer: Equatable, Codable {
    /// Bytes of the whole file; `nil` where the server does not tell.
    let size: Int?
    /// What it calls this state of the file; empty where it does not.
    let version: String
  }

  /// Seconds for which nothing may come, and for which failures that may pass are tried again.
  private let patience: Int
  private let lock = NSLock()
  private var idle: [OpaquePointer] = []

  package init(patience: Int = 30) { self.patience = patience }

  deinit {
    for client in idle { ch_destroy(client) }
  }

  /// Whether a path is an address that this can get.
  static func isAddress(_ path: String) -> Bool {
    let path = path.lowercased()
    return path.hasPrefix("http://") || path.hasPrefix("https://")
  }

  /// The bytes `range` of a file.
  ///
  /// - Parameter target: has room for as many.
  /// - Throws: `HTTPError` when they cannot be had.
  func read(
    _ address: String, _ range: Range<Int>, into target: UnsafeMutableRawBufferPointer
  ) throws {
    precondition(target.count == range.count)
    guard !range.isEmpty else { return }
    var done = 0
    try retrying(progress: { done }) {
      // What came before a transfer broke is not asked for again.
      let text = "\(range.lowerBound + done)-\(range.upperBound - 1)"
      _ = try get(address, text) { bytes in
        guard done + bytes.count <= target.count else { return false }
        UnsafeMutableRawBufferPointer(rebasing: target[done...]).copyMemory(from: bytes)
        done += bytes.count
        return true
      }
      guard done == target.count else {
        throw HTTPError(
          address: address, reason: "the server gives \(done) of \(target.count) bytes",
          mayPass: true)
      }
    }
  }

  /// All of a file that is small.
  ///
  /// - Parameters:
  ///   - limit: the most bytes that it may have.
  ///   - token: what its server alone is shown, as a bearer's.
  /// - Throws: `HTTPError` when it cannot be had.
  func read(_ address: String, limit: Int, token: String? = nil) throws -> Data {
    var data = Data()
    try retrying {
      data = Data()
      _ = try get(address, nil, token: token) { bytes in
        data.append(contentsOf: bytes)
        return data.count <= limit
      }
    }
    return data
  }

  /// What the server says of a file, without getting it.
  ///
  /// - Throws: `HTTPError` when it does not answer, or has no such file.
  func describe(_ address: String) throws -> Answer {
    try retrying { try get(address, "0-0", acceptsWhole: true) { _ in false } }
  }

  /// A file from the byte `start` on.
  ///
  /// - Parameter sink: takes the next bytes.
  /// - Throws: `HTTPError` when it breaks off or cannot be had, what `sink` throws.
  func read(
    _ address: String, from start: Int, sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var failure: (any Error)?
    do {
      _ = try get(address, start > 0 ? "\(start)-" : nil) { bytes in
        do { try sink(bytes) } catch { failure = error }
        return failure == nil
      }
    } catch {
      throw failure ?? error
    }
  }

  /// Calls `body` until it succeeds, with pauses that become longer.
  ///
  /// - Parameter progress: bytes that came; where more have come, patience begins anew.
  func retrying<Result>(
    progress: () -> Int = { 0 }, _ body: () throws -> Result
  ) throws -> Result {
    var (start, pause, reached) = (Date(), 0.1, progress())
    while true {
      do {
        return try body()
      } catch let error as HTTPError where error.mayPass {
        if progress() > reached { (start, pause, reached) = (Date(), 0.1, progress()) }
        guard -start.timeIntervalSinceNow + pause < Double(patience) else { throw error }
        Thread.sleep(forTimeInterval: pause)
        pause = min(2 * pause, 5)
      }
    }
  }

  private func get(
    _ address: String, _ range: String?, token: String? = nil, acceptsWhole: Bool = false,
    _ sink: (UnsafeRawBufferPointer) -> Bool
  ) throws -> Answer {
    guard let client = lock.withLock({ idle.popLast() }) ?? ch_create() else {
      throw HTTPError(address: address, reason: "memory ran out", mayPass: false)
    }
    defer { lock.withLock { idle.append(client) } }
    var answer = ch_answer()
    var message = [CChar](repeating: 0, count: Int(CH_MESSAGE_SIZE))
    let status = withoutActuallyEscaping(sink) { sink in
      var box = Sink(take: sink)
      return withUnsafeMutablePointer(to: &box) { box in
        ch_get(
          client, address, range, token, Int32(patience),
          { context, bytes, count in
            guard let context, let bytes else { return 1 }
            let take = context.assumingMemoryBound(to: Sink.self).pointee.take
            return take(UnsafeRawBufferPointer(start: bytes, count: count)) ? 1 : 0
          }, box, &message, &answer)
      }
    }
    let told = Answer(
      size: answer.size < 0 ? nil : Int(answer.size),
      version: withUnsafeBytes(of: answer.version) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      })
    switch Int(status) {
    case CH_OK: return told
    case CH_STOPPED where acceptsWhole, CH_NO_RANGES where acceptsWhole: return told
    case CH_STOPPED:
      throw HTTPError(
        address: address, reason: "the server gives more bytes than were asked for", mayPass: false)
    default:
      let reason = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw HTTPError(
        address: address, reason: String(decoding: reason, as: UTF8.self),
        mayPass: status == CH_PASSING, isWithoutRanges: status == CH_NO_RANGES,
        status: Int(answer.status))
    }
  }

  private struct Sink {
    let take: (UnsafeRawBufferPointer) -> Bool
  }
}
