import FunMatchDatasets
import FunMatchViews

/// One data set or several, as recipes name what is learnt from: `"flowers102:train"`, a list of them
/// that are taken together, or a map from each to its share of the images shown.
public struct TrainingImages: Sendable, Equatable, CustomStringConvertible {
  /// The data sets.
  public let references: [DatasetReference]
  /// The share of each, positive, of which only the ratios count; `nil`: all images are shown equally
  /// often.
  public let shares: [Double]?

  /// One data set.
  public init(_ reference: DatasetReference) {
    references = [reference]
    shares = nil
  }

  /// The references as they are written.
  public var description: String { references.map(\.description).joined(separator: ", ") }

  /// Opens all of them.
  ///
  /// - Parameter open: opens one.
  /// - Returns: the images, and the shares of the data sets that they come from if there are any.
  func open(
    _ open: (DatasetReference) throws -> any Dataset
  ) throws -> (images: any Dataset, mixture: Mixture?) {
    guard references.count > 1 else { return (try open(references[0]), nil) }
    let all = MixedDataset(try references.map(open))
    for (reference, part) in zip(references, all.parts) where part.isEmpty {
      throw ExperimentError("data.train: \(reference) has no images")
    }
    return (all, shares.map { Mixture(parts: all.parts, weights: $0) })
  }
}

extension TrainingImages: Codable {
  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
  }

  /// Decodes text, a list or a map.
  public init(from decoder: any Decoder) throws {
    func fail(_ sentence: String) -> DecodingError {
      .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: sentence))
    }
    let value = try decoder.singleValueContainer()
    if value.decodeNil() { throw fail("expected a data set, a list or a map of them") }
    if let words = try? value.decode([String: String].self),
      let wrong = words.first(where: { Double($0.value) == nil })
    {
      throw fail("the share of '\(wrong.key)' must be a number, not '\(wrong.value)'")
    }
    if let shares = try? value.decode([String: Double].self) {
      guard shares.values.allSatisfy({ $0 > 0 && $0 < 1e9 }) else {
        throw fail("the share of each data set must be a positive number")
      }
      let total = shares.values.reduce(0, +)
      if let small = shares.first(where: { $0.value / total < 1 / 1024.0 }) {
        throw fail("the share of '\(small.key)' must be at least 1/1024 of all shares together")
      }
      let sorted = shares.sorted { $0.key < $1.key }
      do {
        references = try sorted.map { try DatasetReference($0.key) }
      } catch {
        throw fail("\(error)")
      }
      self.shares = sorted.count > 1 ? sorted.map(\.value) : nil
    } else if let list = try? value.decode([String].self) {
      do {
        references = try list.map { try DatasetReference($0) }
      } catch {
        throw fail("\(error)")
      }
      shares = nil
    } else {
      references = [try value.decode(DatasetReference.self)]
      shares = nil
    }
    guard !references.isEmpty, references.count <= 64 else {
      throw fail("expected between 1 and 64 data sets")
    }
  }

  /// Writes what `init(from:)` reads.
  public func encode(to encoder: any Encoder) throws {
    if let shares {
      // In order, which a dictionary's own encoding has not.
      var keys = encoder.container(keyedBy: Name.self)
      for (reference, share) in zip(references, shares) {
        try keys.encode(share, forKey: Name(stringValue: reference.description))
      }
      return
    }
    var value = encoder.singleValueContainer()
    if references.count > 1 {
      try value.encode(references)
    } else {
      try value.encode(references[0])
    }
  }
}
