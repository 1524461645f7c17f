extension Recipe {
  /// What of the training images is kept in memory from the start of a run on; no view changes.
  public enum Cache: String, Codable, Sendable, CaseIterable {
    /// Nothing: they are read when they are needed.
    case none
    /// The files as they are.
    case bytes
    /// Decoded pixels.
    case pixels
  }
}
