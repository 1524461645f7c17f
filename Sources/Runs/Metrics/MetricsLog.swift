import Foundation
import FunMatchFiles

/// `metrics.jsonl`: one JSON object a line, keys sorted, written through as it comes. The file may be
/// far larger than memory.
public final class MetricsLog {
  /// The step of the last line that was kept; `nil` when there is none.
  public let lastStep: Int?
  private let file: FileHandle
  private let path: String

  /// Opens the file of a run, keeping only lines up to `step`: those after the checkpoint are made
  /// again.
  ///
  /// - Throws: `FileError` when the file cannot be read or written.
  public init(path: String, keepingThrough step: Int) throws {
    self.path = path
    if !FileManager.default.fileExists(atPath: path) { try AtomicFile.write(to: path, Data()) }
    let end = try Self.end(path, through: step)
    lastStep = end.step
    do {
      file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try file.truncate(atOffset: end.offset)
      try file.seekToEnd()
    } catch {
      throw Self.failure(path, error)
    }
  }

  /// Adds a line. Values that are not finite are left out, since JSON has no word for them.
  ///
  /// - Throws: `FileError` when the disk is full or the file cannot be written.
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

  /// Copies the lines up to `step` of a file that another process may be writing.
  ///
  /// - Throws: `FileError` when the file cannot be read, or the copy not be written.
  static func copy(_ path: String, to target: String, through step: Int) throws {
    guard FileManager.default.fileExists(atPath: path) else {
      return try AtomicFile.write(to: target, Data())
    }
    var rest = Int(try end(path, through: step).offset)
    let file = try InputFile(path)
    var offset = 0
    try AtomicFile.write(to: target) { copy in
      while rest > 0 {
        let piece = try file.read(at: offset, count: min(rest, 1 << 20))
        try copy.append(piece)
        (offset, rest) = (offset + piece.count, rest - piece.count)
      }
    }
  }

  /// Where the last line of a step up to `step` ends, and that step. Steps ascend, so that a few lines
  /// have to be read of however many.
  private static func end(
    _ path: String, through step: Int
  ) throws -> (offset: UInt64, step: Int?) {
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? file.close() }
      // Lines that begin before `low` stay, those that begin at `high` or behind it go.
      var (low, high) = (UInt64(0), try file.seekToEnd())
      var last: Int?
      while high > low {
        let middle = high - low > 1 << 16 ? low + (high - low) / 2 : low
        var damaged: UInt64?
        var line = try firstLine(in: file, from: middle, isBegin: middle == low, below: high)
        while let next = line, number(next.text) == nil {
          damaged = damaged ?? next.end
          line = try firstLine(in: file, from: next.end, isBegin: true, below: high)
        }
        if let line, let number = number(line.text), number <= step {
          // What a power cut leaves is behind the lines of a checkpoint, which are on the disk before it is.
          if let damaged { throw try damage(path, before: damaged) }
          (low, last) = (line.end, number)
        } else if middle == low {
          break
        } else {
          high = middle
        }
      }
      return (low, last)
    } catch let error as FileError {
      throw error
    } catch {
      throw FileError.system("cannot be read", path, error)
    }
  }

  /// What is wrong with a file's lines: those that are damaged, and steps that are missing between them, at most so many.
  ///
  /// - Parameters:
  ///   - interval: most steps from one line to the next.
  ///   - first: the step from which on that holds.
  /// - Throws: `FileError` when it cannot be read.
  static func faults(
    _ path: String, interval: Int, from first: Int = 0, most: Int = 10
  ) throws -> [String] {
    var faults: [String] = []
    var (last, line) = (0, 0)
    try forEachLine(path) { text, _ in
      line += 1
      if let step = number(text) {
        if step <= last {
          faults.append("line \(line) is of step \(step), after one of step \(last)")
        }
        if step > max(first, last) + interval {
          faults.append("steps \(last + 1) to \(step - 1) have no line")
        }
        last = max(step, last)
      } else {
        faults.append("line \(line) is damaged")
      }
      return faults.count < most
    }
    return faults
  }

  private static func damage(_ path: String, before offset: UInt64) throws -> FileError {
    var number = 0
    try forEachLine(path) { _, end in
      number += 1
      return end < offset
    }
    return FileError(
      "\(path): line \(number) is damaged; expected a JSON object with a step, as lines behind it are"
    )
  }

  private static func number(_ line: Data) -> Int? {
    (object(line)?["step"] as? NSNumber)?.intValue
  }

  /// The first whole line that begins at `offset` or behind it and before `limit`, and where it ends.
  ///
  /// - Parameter isBegin: whether a line begins at `offset`.
  private static func firstLine(
    in file: FileHandle, from offset: UInt64, isBegin: Bool, below limit: UInt64
  ) throws -> (text: Data, end: UInt64)? {
    try file.seek(toOffset: offset)
    var bytes = Data()
    var begin: Int? = isBegin ? 0 : nil
    while let piece = try file.read(upToCount: 1 << 13), !piece.isEmpty {
      bytes.append(piece)
      while true {
        guard let end = bytes[(begin ?? 0)...].firstIndex(of: UInt8(ascii: "\n")) else { break }
        if let begin { return (bytes[begin..<end], offset + UInt64(end) + 1) }
        guard offset + UInt64(end) + 1 < limit else { return nil }
        begin = end + 1
      }
    }
    return nil
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
      throw FileError.system("cannot be read", path, error)
    }
  }

  private static func object(_ line: Data) -> [String: Any]? {
    (try? JSONSerialization.jsonObject(with: line)) as? [String: Any]
  }

  private static func failure(_ path: String, _ error: any Error) -> FileError {
    FileError.system("cannot be written", path, error)
  }
}
