import Foundation

/// A file cannot be read or written, or does not hold what it should.
public struct FileError: Error, CustomStringConvertible, Equatable {
  /// One sentence that names the file, what was wrong and what was expected.
  public let description: String
  /// The system's number of the error, where it refused.
  public let code: Int32?

  /// An error with this sentence.
  public init(_ description: String) { self.init(description, nil) }

  init(_ description: String, _ code: Int32?) {
    (self.description, self.code) = (description, code)
  }

  /// An error of the system's at a file: what could not be done, and why.
  package static func system(_ what: String, _ path: String) -> FileError {
    let code = errno
    return FileError("\(path): \(what) (\(reason(code)))", code)
  }

  /// The same of what Foundation threw, whose own words are several sentences, or the name of a domain and a number.
  package static func system(_ what: String, _ path: String, _ error: any Error) -> FileError {
    guard let code = number(of: error) else { return FileError("\(path): \(what)") }
    return FileError("\(path): \(what) (\(reason(code)))", code)
  }

  /// What the system says to a number of an error.
  package static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

  /// The system's number of what Foundation threw, where it tells.
  package static func number(of error: any Error) -> Int32? {
    if let system = error as? POSIXError { return system.code.rawValue }
    if let inner = (error as? CocoaError)?.underlying { return number(of: inner) }
    switch (error as? CocoaError)?.code {
    case .fileNoSuchFile, .fileReadNoSuchFile: return ENOENT
    case .fileReadNoPermission, .fileWriteNoPermission: return EACCES
    case .fileWriteOutOfSpace: return ENOSPC
    case .fileWriteVolumeReadOnly: return EROFS
    case .fileWriteFileExists: return EEXIST
    default: break
    }
    let plain = error as NSError
    return plain.domain == NSPOSIXErrorDomain ? Int32(clamping: plain.code) : nil
  }
}
