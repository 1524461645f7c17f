import CCodecs

/// Calls a function of `CCodecs` with a message buffer, and throws its message if it fails.
func call(_ body: (UnsafeMutablePointer<CChar>) -> Int32) throws {
  try withUnsafeTemporaryAllocation(of: CChar.self, capacity: CC_MESSAGE_SIZE) { message in
    guard let start = message.baseAddress else { return }
    start.initialize(repeating: 0, count: message.count)
    let status = Int(body(start))
    guard status != CC_OK else { return }
    let kind: ImageError.Kind =
      switch status {
      case CC_UNKNOWN_FORMAT: .unknownFormat
      case CC_DAMAGED: .damaged
      case CC_TOO_LARGE: .tooLarge
      default: .failed
      }
    throw ImageError(kind: kind, reason: String(cString: start))
  }
}
