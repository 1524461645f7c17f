import FunMatchImages

/// Another data set whose classes are called otherwise, are some of those that a network has, or all in another order.
package struct RelabelledDataset: Dataset {
  private let base: any Dataset
  private let labels: [Int]
  package let classNames: [String]

  /// The images of `base`.
  ///
  /// - Parameter labels: what each of its classes is among `classNames`, by its place.
  package init(_ base: any Dataset, labels: [Int], classNames: [String]) {
    (self.base, self.labels, self.classNames) = (base, labels, classNames)
  }

  /// The images of `base`, a label being the class of the same name among `names`; `nil` when its classes have no names, are the same already, or
  /// one is not among `names`.
  package init?(_ base: any Dataset, as names: [String]) {
    let own = base.classNames
    guard !base.classNamesAreNumbers, !own.isEmpty, own != names, Set(names).count == names.count,
      Set(own).count == own.count
    else { return nil }
    let places = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
    let labels = own.compactMap { places[$0] }
    guard labels.count == own.count else { return nil }
    self.init(base, labels: labels, classNames: names)
  }

  package var count: Int { base.count }
  package var shards: [Range<Int>] { base.shards }
  package var remarks: [String] { base.remarks }
  package func willRead(_ images: Range<Int>) { base.willRead(images) }
  package func name(at index: Int) -> String { base.name(at: index) }
  package func localName(at index: Int) -> String { base.localName(at: index) }
  package func label(at index: Int) -> Int? { base.label(at: index).map { labels[$0] } }
  package func encodedSize(at index: Int) -> Int? { base.encodedSize(at: index) }
  package func open(_ index: Int, with reader: ImageReader) throws {
    try base.open(index, with: reader)
  }
}
