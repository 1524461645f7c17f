import Foundation
import FunMatchTorch

/// `metrics.jsonl`: one JSON object a line, keys sorted, written through as it comes. The file may be
/// far larger than memory.
public final class MetricsLog {
  private let file: FileHandle
  private let path: String

  /// Opens the file of a run, keeping only lines up to `step`: those after the checkpoint are made
  /// again.
  ///
  /// - Throws: `ExperimentError` when the file cannot be read or written.
  public init(path: String, keepingThrough step: Int) throws {
    self.path = path
    if !FileManager.default.fileExists(atPath: path) { try AtomicFile.write(to: path, Data()) }
    var end: UInt64 = 0
    try Self.forEachLine(path) { line, next in
      guard let number = Self.object(line)?["step"] as? NSNumber, number.intValue <= step else {
        return false
      }
      end = next
      return true
    }
    do {
      file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try file.truncate(atOffset: end)
      try file.seekToEnd()
    } catch {
      throw Self.failure(path, error)
    }
  }

  /// Adds a line. Values that are not finite are left out, since JSON has no word for them.
  ///
  /// - Throws: `ExperimentError` when the disk is full or the file cannot be written.
  public func append(_ values: [String: Double], step: Int) throws {
    var object: [String: Any] = values.filter { $0.value.isFinite }
    object["step"] = step
    do {
      var line = try JSONSerialization.data(
        withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
      line.append(UInt8(ascii: "\n"))
      try file.write(contentsOf: line)
    } catch {
      throw Self.failure(path, error)
    }
  }

  /// Makes sure that all lines are on the disk.
  public func synchronize() throws {
    do {
      try file.synchronize()
    } catch {
      throw Self.failure(path, error)
    }
  }

  /// The points of one key: (step, value), in order.
  ///
  /// - Throws: `ExperimentError` when the file cannot be read.
  public static func series(_ key: String, path: String) throws -> [(step: Int, value: Double)] {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    let word = Data("\"\(key)\"".utf8)
    var points: [(step: Int, value: Double)] = []
    try forEachLine(path) { line, _ in
      // Most lines of a long run have no evaluation.
      if line.range(of: word) != nil, let object = object(line),
        let step = object["step"] as? NSNumber, let value = object[key] as? NSNumber
      {
        points.append((step.intValue, value.doubleValue))
      }
      return true
    }
    return points
  }

  /// Calls `body` with every whole line and the offset at which the next begins, until it returns
  /// false.
  private static func forEachLine(_ path: String, _ body: (Data, UInt64) -> Bool) throws {
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? file.close() }
      var rest = Data()
      var offset: UInt64 = 0
      while let piece = try file.read(upToCount: 1 << 16), !piece.isEmpty {
        rest.append(piece)
        var start = rest.startIndex
        while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
          offset += UInt64(end - start + 1)
          guard body(rest[start..<end], offset) else { return }
          start = end + 1
        }
        rest = Data(rest[start...])
      }
    } catch {
      throw ExperimentError("\(path): cannot be read (\(error.localizedDescription))")
    }
  }

  private static func object(_ line: Data) -> [String: Any]? {
    (try? JSONSerialization.jsonObject(with: line)) as? [String: Any]
  }

  private static func failure(_ path: String, _ error: any Error) -> ExperimentError {
    ExperimentError("\(path): cannot be written (\(error.localizedDescription))")
  }
}
