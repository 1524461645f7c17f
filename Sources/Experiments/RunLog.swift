import Foundation
import Logging

/// A log that writes to a run's `log.txt` and, unless it is quiet, to standard error.
struct RunLog: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info
  private let file: FileHandle?
  private let isQuiet: Bool

  /// Appends to the file at `path`; warnings and errors reach standard error even when it is quiet.
  static func make(path: String, isQuiet: Bool) -> Logger {
    if !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(atPath: path, contents: nil)
    }
    let file = FileHandle(forWritingAtPath: path)
    _ = try? file?.seekToEnd()
    return Logger(label: "funmatch") { _ in RunLog(file: file, isQuiet: isQuiet) }
  }

  private init(file: FileHandle?, isQuiet: Bool) {
    self.file = file
    self.isQuiet = isQuiet
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let label = event.level >= .warning ? "\(event.level): " : ""
    if !isQuiet || event.level >= .warning {
      try? FileHandle.standardError.write(
        contentsOf: Data("\(label)\(event.message)\n".utf8))
    }
    let time = Date().formatted(.iso8601)
    try? file?.write(contentsOf: Data("\(time) \(label)\(event.message)\n".utf8))
  }
}
