import Foundation
import SwiftProtobuf

/// `events.out.tfevents.*`: what TensorBoard reads. Every append is written through.
///
/// A file holds TFRecords. The first says which version the file has; each of the others is an
/// `Event` with the values of one step, and steps ascend.
public final class EventLog {
  /// The file's name in the folder of a run. TensorBoard takes any name with `tfevents` in it; this
  /// one has the usual form, but no time and no host, so that a resumed run finds it.
  public static let fileName = "events.out.tfevents.0000000000.funmatch"

  /// The only version there is.
  private static let version = "brain.Event:2"

  private let path: String
  private let descriptor: Int32

  /// Opens the file of a run, keeping only records up to `step`: those after the checkpoint are
  /// made again. What comes after a damaged record goes, too. If there is no file, it is made.
  ///
  /// - Throws: `ExperimentError` when the file cannot be read or written.
  public init(folder: String, keepingThrough step: Int) throws {
    path = (folder as NSString).appendingPathComponent(Self.fileName)
    descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Self.failure(path) }
    let end = try Self.end(path, keepingThrough: step)
    guard ftruncate(descriptor, off_t(end)) == 0 else { throw Self.failure(path) }
    if end == 0 {
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
  /// - Throws: `ExperimentError` when the disk is full or the file cannot be written; the log is of
  ///   no use afterwards.
  public func append(_ values: [String: Double], step: Int, wallTime: Double) throws {
    let values = values.mapValues { Float($0) }.filter { $0.value.isFinite }
    guard !values.isEmpty else { return }
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

  /// Makes sure that all events are on the disk.
  ///
  /// - Throws: `ExperimentError` when the disk refuses.
  public func synchronize() throws {
    guard fsync(descriptor) == 0 else { throw Self.failure(path) }
  }

  private func write(_ event: TensorBoardEvent) throws {
    var rest = try TFRecord.framed(event.serializedBytes())[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Self.failure(path) }
      rest = rest.dropFirst(count)
    }
  }

  /// Where the last record that stays ends: 0 if the file does not begin with its version.
  private static func end(_ path: String, keepingThrough step: Int) throws -> UInt64 {
    var options = BinaryDecodingOptions()
    options.discardUnknownFields = true
    let reader = try TFRecordReader(path: path)
    var end: UInt64 = 0
    while let record = try reader.next(),
      let head = try? TensorBoardEventHead(serializedBytes: record, options: options),
      end == 0 ? !head.fileVersion.isEmpty : head.step <= step
    {
      end = reader.offset
    }
    return end
  }

  private static func failure(_ path: String) -> ExperimentError {
    ExperimentError("\(path): cannot be written (\(String(cString: strerror(errno))))")
  }
}
