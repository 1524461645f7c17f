import FunMatchImages

/// Several data sets one behind the other.
///
/// Labels mean something only where all data sets that have any name the same classes, in whatever order; otherwise the
/// images have none.
public struct MixedDataset: Dataset {
  /// Where the images of each data set lie, in the order given.
  public let parts: [Range<Int>]
  /// Those that all data sets with labels have, in the order of the first; empty where these differ.
  public let classNames: [String]
  /// As in the data sets with labels.
  public let classNamesAreNumbers: Bool
  /// Those of all data sets, which cover every image if there are any.
  public let shards: [Range<Int>]
  private let bases: [any Dataset]

  /// The images of `bases`.
  public init(_ bases: [any Dataset]) {
    var parts: [Range<Int>] = []
    var shards: [Range<Int>] = []
    let isSharded = bases.contains { !$0.shards.isEmpty }
    for base in bases {
      let start = parts.last?.upperBound ?? 0
      parts.append(start..<start + base.count)
      // Beside files, an image that lies by itself is a file of one.
      let own =
        base.shards.isEmpty && isSharded ? (0..<base.count).map { $0..<$0 + 1 } : base.shards
      shards += own.map { start + $0.lowerBound..<start + $0.upperBound }
    }
    self.parts = parts
    self.shards = shards
    let first = bases.first { !$0.classNames.isEmpty }
    let names = first?.classNames ?? []
    let named = bases.map { base in
      // Numbers are no names.
      first?.classNamesAreNumbers == false && base.classNames.count == names.count
        ? RelabelledDataset(base, as: names) ?? base : base
    }
    classNames = named.allSatisfy { [[], names].contains($0.classNames) } ? names : []
    classNamesAreNumbers = first?.classNamesAreNumbers ?? false
    self.bases = named
  }

  /// Number of images of all data sets together.
  public var count: Int { parts.last?.upperBound ?? 0 }

  /// Passed on to the data sets that the images belong to.
  public func willRead(_ images: Range<Int>) {
    for (part, base) in zip(parts, bases) where part.overlaps(images) {
      let shared = images.clamped(to: part)
      base.willRead(shared.lowerBound - part.lowerBound..<shared.upperBound - part.lowerBound)
    }
  }

  /// The image's name in its own data set.
  public func name(at index: Int) -> String {
    let (base, place) = find(index)
    return base.name(at: place)
  }

  /// The same without where that lies.
  public func localName(at index: Int) -> String {
    let (base, place) = find(index)
    return base.localName(at: place)
  }

  /// The image's class among `classNames`; `nil` where it has none, or the names of the classes differ.
  public func label(at index: Int) -> Int? {
    guard !classNames.isEmpty else { return nil }
    let (base, place) = find(index)
    return base.label(at: place)
  }

  /// As in the image's own data set.
  public func encodedSize(at index: Int) -> Int? {
    let (base, place) = find(index)
    return base.encodedSize(at: place)
  }

  /// Opens the image in its own data set.
  public func open(_ index: Int, with reader: ImageReader) throws {
    let (base, place) = find(index)
    try base.open(place, with: reader)
  }

  /// Data sets none of whose images has a label, by their place; all, where names of classes differ.
  public var unlabelled: [Int] {
    bases.indices.filter { classNames.isEmpty || bases[$0].classNames.isEmpty }
  }

  private func find(_ index: Int) -> (base: any Dataset, place: Int) {
    let number = parts.firstIndex { $0.contains(index) } ?? 0
    return (bases[number], index - parts[number].lowerBound)
  }
}
