import FunMatchDatasets
import FunMatchSettings
import FunMatchViews

/// One data set or several, as recipes name what is learnt from: `"flowers102:train"`, a list of them
/// that are taken together, or a map from each to its share of the images shown.
public struct TrainingImages: Sendable, Equatable, CustomStringConvertible {
  /// The data sets.
  public let references: [DatasetReference]
  /// The share of each, positive, of which only the ratios count; `nil`: all images are shown equally
  /// often.
  public let shares: [Double]?

  /// No images: what a recipe begins with before it is decoded.
  static let none = TrainingImages(references: [], shares: nil)

  private init(references: [DatasetReference], shares: [Double]?) {
    (self.references, self.shares) = (references, shares)
  }

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
  package func open(
    _ open: (DatasetReference) throws -> any Dataset
  ) throws -> (images: any Dataset, mixture: Mixture?) {
    guard references.count > 1 else { return (try open(references[0]), nil) }
    let all = MixedDataset(try references.map(open))
    for (reference, part) in zip(references, all.parts) where part.isEmpty {
      throw RecipeError("data.train: \(reference) has no images")
    }
    return (all, shares.map { Mixture(parts: all.parts, weights: $0) })
  }
}

extension TrainingImages {
  /// Number of images.
  ///
  /// - Parameters:
  ///   - datasets: where they are looked for.
  ///   - inventsMissing: whether those of data sets that are not here are counted as published.
  /// - Throws: `DatasetError` when they are not here.
  public func count(in datasets: DatasetRegistry, inventsMissing: Bool = false) throws -> Int {
    try references.reduce(0) { sum, reference in
      do {
        return sum + (try datasets.open(reference).count)
      } catch let error as DatasetError where error.isAbsence && inventsMissing {
        return sum + (try GeneratedDataset(standingFor: reference, registry: datasets).count)
      }
    }
  }
}

extension TrainingImages: SettingValue {
  /// Text, a list, or a map from data sets to their shares.
  public static func schema(_ registry: Registry) -> Schema {
    let one = DatasetReference.schema(registry)
    return .anyOf([one, .list(one), .dictionary(.number(isWhole: false))])
  }

  /// Decodes text, a list or a map.
  public init(from decoder: any Decoder) throws {
    func fail(_ sentence: String) -> SettingsError {
      SettingsError(decoder.codingPath.dotted, sentence)
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
      var keys = encoder.container(keyedBy: KeyName.self)
      for (reference, share) in zip(references, shares) {
        try keys.encode(share, forKey: KeyName(reference.description))
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
