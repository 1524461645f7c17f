/// A key of a recipe, a study or a model file cannot be what it is.
public struct SettingsError: Error, CustomStringConvertible, Equatable {
  /// The key, dotted, such as `optimizer.adam.learningRate`; empty for the whole.
  public let key: String
  /// What is wrong with it, without the key.
  public let reason: String
  /// Whether `reason` is a sentence that names the key itself.
  let isWhole: Bool

  /// An error about a key.
  public init(_ key: String, _ reason: String) {
    (self.key, self.reason, isWhole) = (key, reason, key.isEmpty)
  }

  /// An error about the key `name` of the map that is at `path`.
  public init(at path: String, _ name: String, _ reason: String) {
    self.init(joinedKey(path, name), reason)
  }

  /// An error whose sentence names the key itself.
  init(key: String, sentence: String) { (self.key, reason, isWhole) = (key, sentence, true) }

  /// One sentence that begins with the key.
  public var description: String { isWhole ? reason : "\(key): \(reason)" }

  /// An error about a place that decoding has come to.
  public static func at(_ path: [any CodingKey], _ reason: String) -> SettingsError {
    SettingsError(path.dotted, reason)
  }
}

extension Sequence<any CodingKey> {
  /// The keys with dots between them.
  package var dotted: String {
    map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
  }
}

/// A key after another one.
func joinedKey(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
