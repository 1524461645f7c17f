import Foundation
import FunMatchTorch

/// `metrics.jsonl`: one JSON object a line, keys sorted, written through as it comes.
public final class MetricsLog {
  private let file: FileHandle
  private let path: String

  /// Opens the file of a run, keeping only lines up to `step`: those after the checkpoint are made
  /// again.
  ///
  /// - Throws: `ExperimentError` when the file cannot be read or written.
  public init(path: String, keepingThrough step: Int) throws {
    self.path = path
    let kept = try Self.lines(path).filter { line in
      (Self.object(line)?["step"] as? NSNumber).map { $0.intValue <= step } ?? false
    }
    let text = kept.map { $0 + "\n" }.joined()
    do {
      try AtomicFile.write(to: path, Data(text.utf8))
      file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try file.seekToEnd()
    } catch {
      throw ExperimentError("\(path): cannot be written (\(error.localizedDescription))")
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
      throw ExperimentError("\(path): cannot be written (\(error.localizedDescription))")
    }
  }

  /// Makes sure that all lines are on the disk.
  public func synchronize() throws {
    do {
      try file.synchronize()
    } catch {
      throw ExperimentError("\(path): cannot be written (\(error.localizedDescription))")
    }
  }

  /// The points of one key: (step, value), in order.
  public static func series(_ key: String, path: String) throws -> [(step: Int, value: Double)] {
    try lines(path).compactMap { line in
      guard let object = object(line), let step = object["step"] as? NSNumber,
        let value = object[key] as? NSNumber
      else { return nil }
      return (step.intValue, value.doubleValue)
    }
  }

  private static func lines(_ path: String) throws -> [String] {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw ExperimentError("\(path): cannot be read")
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private static func object(_ line: String) -> [String: Any]? {
    (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
  }
}
