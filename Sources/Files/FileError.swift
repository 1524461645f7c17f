import Foundation

/// A file cannot be read or written, or does not hold what it should.
public struct FileError: Error, CustomStringConvertible, Equatable {
  /// One sentence that names the file, what was wrong and what was expected.
  public let description: String
  /// The system's number of the error, where it refused.
  public let code: Int32?

  /// An error with this sentence.
  public init(_ description: String) { (self.description, code) = (description, nil) }

  private init(_ description: String, _ code: Int32) {
    (self.description, self.code) = (description, code)
  }

  /// An error of the system's at a file: what could not be done, and why.
  package static func system(_ what: String, _ path: String) -> FileError {
    let code = errno
    return FileError("\(path): \(what) (\(String(cString: strerror(code))))", code)
  }
}
