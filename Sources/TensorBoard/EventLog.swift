import Foundation
import FunMatchFiles
import SwiftProtobuf

/// `events.out.tfevents.*`: what TensorBoard reads. Every append is written through.
///
/// A file holds TFRecords. The first says which version the file has; each of the others is an
/// `Event` with the values of one step, and steps ascend. The second may hold the hyper-parameters of
/// the run, and the last how it ended.
public final class EventLog {
  /// The file's name in the folder of a run. TensorBoard takes any name with `tfevents` in it; this
  /// one has the usual form, but no time and no host, so that a resumed run finds it.
  public static let fileName = "events.out.tfevents.0000000000.funmatch"

  /// The only version there is.
  static let version = "brain.Event:2"

  private let path: String
  private let descriptor: Int32
  private var kept: Kept

  /// Opens the file of a run, keeping only records up to `step`: those after the checkpoint are
  /// made again. What comes after a damaged record goes, too. If there is no file, it is made.
  ///
  /// - Throws: `FileError` when the file cannot be read or written.
  public init(folder: String, keepingThrough step: Int) throws {
    path = (folder as NSString).appendingPathComponent(Self.fileName)
    descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Self.failure(path) }
    kept = try Self.kept(path, through: step)
    try cut(to: kept.size)
    if kept.size == 0 {
      try write(
        .with {
          $0.wallTime = Date().timeIntervalSince1970
          $0.fileVersion = Self.version
        })
    }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Adds one event with all values, as 32-bit floats, sorted by name. Values that are not finite
  /// are left out, as in `metrics.jsonl`.
  ///
  /// - Parameters:
  ///   - values: The values by tag. TensorBoard groups tags by what they have before a `/`.
  ///   - step: The number of steps that are done; no less than at the last call.
  ///   - wallTime: Seconds since 1970, UTC.
  /// - Throws: `FileError` when the disk is full or the file cannot be written; the log is of
  ///   no use afterwards.
  public func append(_ values: [String: Double], step: Int, wallTime: Double) throws {
    let values = values.mapValues { Float($0) }.filter { $0.value.isFinite }
    guard !values.isEmpty else { return }
    try dropEnd()
    kept.lastStep = step
    try write(
      .with {
        $0.wallTime = wallTime
        $0.step = Int64(step)
        $0.summary.value = values.sorted { $0.key < $1.key }.map { tag, value in
          .with {
            $0.tag = tag
            $0.simpleValue = value
          }
        }
      })
  }

  /// Tells TensorBoard's HParams plugin the settings of the run, which is a session there. Nothing is
  /// written where they are already, or behind events of a run that began without.
  ///
  /// - Parameter session: names and values, as `HyperparameterSummary` has them; of runs of one group, which are shown as
  ///   one, those of the first are shown.
  /// - Throws: as `append`.
  public func begin(_ session: HyperparameterSession) throws {
    guard kept.records < 2 else { return }
    let now = Date().timeIntervalSince1970
    let data = TensorBoardHParams.with {
      $0.sessionStartInfo.hparams = session.values.mapValues(\.message)
      $0.sessionStartInfo.groupName = session.group
      $0.sessionStartInfo.startTimeSecs = now
    }
    let summary = try TensorBoardSummary(tag: TensorBoardSummary.startTag, data)
    try write(
      .with {
        $0.wallTime = now
        $0.summary = summary
      })
  }

  /// Tells the HParams plugin that the run ended. It is always the last record: it goes when the run
  /// goes on, and is written again only if it would say something else.
  ///
  /// - Parameter success: whether all steps were made.
  /// - Throws: as `append`.
  public func end(success: Bool) throws {
    let status: TensorBoardHParams.End.Status = success ? .success : .failure
    guard kept.end?.status != status else { return }
    try dropEnd()
    let now = Date().timeIntervalSince1970
    let data = TensorBoardHParams.with {
      $0.sessionEndInfo.status = status
      $0.sessionEndInfo.endTimeSecs = now
    }
    let summary = try TensorBoardSummary(tag: TensorBoardSummary.endTag, data)
    let offset = kept.size
    try write(
      .with {
        $0.wallTime = now
        $0.step = Int64(kept.lastStep)
        $0.summary = summary
      })
    kept.end = (offset, status)
  }

  /// Makes sure that all events are on the disk.
  ///
  /// - Throws: `FileError` when the disk refuses.
  public func synchronize() throws {
    guard fsync(descriptor) == 0 else { throw Self.failure(path) }
  }

  private func write(_ event: TensorBoardEvent) throws {
    let record = try TFRecord.framed(event.serializedBytes())
    var rest = record[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Self.failure(path) }
      rest = rest.dropFirst(count)
    }
    kept.size += UInt64(record.count)
    kept.records += 1
  }

  private func dropEnd() throws {
    guard let end = kept.end else { return }
    try cut(to: end.offset)
    kept.size = end.offset
    kept.records -= 1
    kept.end = nil
  }

  private func cut(to size: UInt64) throws {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw Self.failure(path) }
  }

  /// What is in the file.
  private struct Kept {
    var size: UInt64 = 0
    var records = 0
    var lastStep = 0
    /// How the run ended, and where that is.
    var end: (offset: UInt64, status: TensorBoardHParams.End.Status)?
  }

  /// The records that stay: none if the file does not begin with its version.
  private static func kept(_ path: String, through step: Int) throws -> Kept {
    var options = BinaryDecodingOptions()
    options.discardUnknownFields = true
    let reader = try TFRecordReader(path: path)
    var kept = Kept()
    var last: (offset: UInt64, record: [UInt8]) = (0, [])
    while let record = try reader.next(),
      let head = try? TensorBoardEventHead(serializedBytes: record, options: options),
      kept.size == 0 ? !head.fileVersion.isEmpty : head.step <= step
    {
      last = (kept.size, record)
      kept.size = reader.offset
      kept.records += 1
      kept.lastStep = Int(head.step)
    }
    if let event = try? TensorBoardEvent(serializedBytes: last.record),
      let end = event.summary.data(of: TensorBoardSummary.endTag)
    {
      kept.end = (last.offset, end.sessionEndInfo.status)
    }
    return kept
  }

  private static func failure(_ path: String) -> FileError {
    FileError("\(path): cannot be written (\(String(cString: strerror(errno))))")
  }
}
