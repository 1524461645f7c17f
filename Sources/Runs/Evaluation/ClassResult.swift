/// How well a network knows a class.
public struct ClassResult: Codable, Sendable, Equatable {
  /// The class's name, or its number where nobody named it.
  public let name: String
  /// Number of images with this label.
  public let images: Int
  /// Share of them that the network calls so; `nil` without images.
  public let top1: Double?
}
