import Foundation

/// What went wrong with an image, in words that can be shown to a user.
public struct ImageError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
  /// The sort of failure, for programs that want to treat some of them differently.
  public enum Kind: Sendable, Equatable {
    /// The file cannot be read.
    case unreadable
    /// The archive that holds it is gone, and all others in it with it.
    case lost
    /// The bytes are of no format that can be decoded.
    case unknownFormat
    /// The image is truncated, corrupt, or of a kind that cannot be decoded.
    case damaged
    /// The image has more pixels than the decoder's limit allows.
    case tooLarge
    /// A box or size does not fit the image.
    case geometry
    /// Memory ran out or the image cannot be written.
    case failed
  }

  /// The sort of failure.
  public var kind: Kind
  /// The file, when it is known.
  public var file: String?
  /// The reason, without the file's name.
  public var reason: String

  /// An error about `file`, or about pixels in memory when there is no file.
  public init(kind: Kind, file: String? = nil, reason: String) {
    self.kind = kind
    self.file = file
    self.reason = reason
  }

  /// One sentence with the file's name, when known, and the reason.
  public var description: String {
    let what =
      switch kind {
      case .unreadable: "cannot read the image"
      case .lost: "cannot read images of this shard"
      case .unknownFormat, .damaged, .tooLarge: "cannot decode the image"
      case .geometry: "cannot crop or resize the image"
      case .failed: "cannot process the image"
      }
    return (file.map { "\($0): " } ?? "") + "\(what): \(reason)"
  }

  /// The same as `description`.
  public var errorDescription: String? { description }
}
