import Foundation
import FunMatchDistillation
import FunMatchFiles

/// What a run measured, read from its `metrics.jsonl`.
public struct RunMetrics: Sendable {
  /// An evaluation on the validation images.
  public struct Evaluation: Sendable {
    /// Updates made.
    public let step: Int
    /// Figures by their keys, the teacher's as `teacherTop1`.
    public let values: [String: Double]

    /// A figure of the student; `nil` where it was not measured.
    public subscript(_ metric: Metric) -> Double? { values[metric.key] }

    /// A teacher's own figure.
    public func teacher(_ metric: Metric) -> Double? { values[metric.teacherKey] }
  }

  /// In order of the steps.
  public private(set) var evaluations: [Evaluation] = []
  /// The last step that has a line.
  public private(set) var lastStep = 0
  /// Seconds that all steps took, divided by the batch size; `nil` where no line tells a speed.
  public private(set) var secondsPerImage: Double?

  /// Of a run without metrics.
  public init() {}

  /// A last line that is not whole, as a killed run leaves it, is left out.
  ///
  /// - Throws: `FileError` when the file cannot be read, or another line is damaged.
  public init(path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let file = try InputFile(path)
    // A run that goes on makes it longer meanwhile, and one that is resumed may make it shorter.
    var (line, number, place) = ([UInt8](), 0, 0)
    while place < file.size {
      let piece = try file.read(at: place, count: min(Self.piece, file.size - place))
      place += piece.count
      var rest = piece[...]
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        line += rest[..<end]
        rest = rest[(end + 1)...]
        number += 1
        guard line.withUnsafeBytes({ read($0) }) else {
          if rest.isEmpty && place == file.size { return }
          throw FileError(
            "\(path): line \(number) is damaged; expected a JSON object of a later step")
        }
        line.removeAll(keepingCapacity: true)
      }
      line += rest
    }
    if !line.isEmpty { _ = line.withUnsafeBytes { read($0) } }
  }

  /// Bytes that are read at a time.
  private static let piece = 1 << 20

  /// Takes a line in; false when it is none of a run.
  private mutating func read(_ line: UnsafeRawBufferPointer) -> Bool {
    guard line.first == UInt8(ascii: "{"), line.last == UInt8(ascii: "}"),
      let step = Self.number("step", line).flatMap({ Int(exactly: $0) }), step > lastStep
    else { return false }
    var object: [String: Any] = [:]
    // Most lines of a long run have none, and are not worth a parser.
    let isEvaluation = Self.find("\"validation.", line) != nil
    if isEvaluation {
      guard let read = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
      else { return false }
      object = read
      let isNumber = read.values.allSatisfy { $0 is NSNumber }
      guard isNumber else { return false }
    }
    if let speed = Self.number("imagesPerSecond", line), speed > 0 {
      secondsPerImage = (secondsPerImage ?? 0) + Double(step - lastStep) / speed
    }
    lastStep = step
    guard isEvaluation else { return true }
    let prefix = "validation."
    let values = object.filter { $0.key.hasPrefix(prefix) }.map { key, value in
      (String(key.dropFirst(prefix.count)), (value as? NSNumber)?.doubleValue ?? .nan)
    }
    evaluations.append(
      Evaluation(step: step, values: Dictionary(values, uniquingKeysWith: { $1 })))
    return true
  }

  /// Where a text ends in a line.
  private static func find(_ text: StaticString, _ line: UnsafeRawBufferPointer) -> Int? {
    let length = text.utf8CodeUnitCount
    guard let base = line.baseAddress else { return nil }
    var place = 0
    while place + length <= line.count,
      let found = memchr(base + place, Int32(text.utf8Start.pointee), line.count - place)
    {
      place = UnsafeRawPointer(found) - base
      guard place + length <= line.count else { return nil }
      if memcmp(base + place, text.utf8Start, length) == 0 { return place + length }
      place += 1
    }
    return nil
  }

  private static func number(_ key: StaticString, _ line: UnsafeRawBufferPointer) -> Double? {
    var from = 0
    while let end = find(key, UnsafeRawBufferPointer(rebasing: line[from...])) {
      from += end
      // Whole keys only, not the end of a longer one.
      let before = from - key.utf8CodeUnitCount - 1
      guard before >= 0, line[before] == UInt8(ascii: "\""), from + 1 < line.count,
        line[from] == UInt8(ascii: "\""), line[from + 1] == UInt8(ascii: ":")
      else { continue }
      let digits = line[(from + 2)...].prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "}") }
      return Double(String(decoding: digits, as: UTF8.self).trimmingCharacters(in: .whitespaces))
    }
    return nil
  }
}
