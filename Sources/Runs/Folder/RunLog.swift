import Foundation
import FunMatchFiles
import Logging

/// A log that writes to a run's `log.txt` and, unless it is quiet, to standard error.
package struct RunLog: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var logLevel: Logger.Level = .info
  private let file: FileHandle?
  private let isQuiet: Bool
  /// Whose log it is, where there are several; empty otherwise.
  private let name: String

  /// Appends to the file at `path`; warnings and errors reach standard error even when it is quiet.
  ///
  /// - Parameter name: put before what reaches standard error.
  package static func make(path: String, isQuiet: Bool, name: String = "") -> Logger {
    if !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(atPath: path, contents: nil)
    }
    let file = FileHandle(forWritingAtPath: path)
    _ = try? file?.seekToEnd()
    return Logger(label: "funmatch") { _ in RunLog(file: file, isQuiet: isQuiet, name: name) }
  }

  private init(file: FileHandle?, isQuiet: Bool, name: String) {
    self.name = name.isEmpty ? "" : name + ": "
    self.file = file
    self.isQuiet = isQuiet
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let label = event.level >= .warning ? "\(event.level): " : ""
    if !isQuiet || event.level >= .warning {
      Terminal().say("\(label)\(name)\(event.message)")
    }
    let time = Date().formatted(.iso8601)
    try? file?.write(contentsOf: Data("\(time) \(label)\("\(event.message)".printable)\n".utf8))
  }
}
