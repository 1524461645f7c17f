extension SHA256 {
  /// The digests of neighbouring stretches of some bytes, each as 64 hexadecimal digits, computed on
  /// all cores.
  ///
  /// - Parameter length: bytes of a stretch, positive; the last one may be shorter.
  public static func hexadecimals(of bytes: UnsafeRawBufferPointer, each length: Int) -> [String] {
    precondition(length > 0)
    // Read only, by threads that end before this call does.
    nonisolated(unsafe) let bytes = bytes
    let starts = Array(stride(from: 0, to: bytes.count, by: length))
    let digests = try? Workers.map(count: starts.count) { index in
      let end = min(starts[index] + length, bytes.count)
      return hexadecimal(of: UnsafeRawBufferPointer(rebasing: bytes[starts[index]..<end]))
    }
    return digests ?? []
  }
}
