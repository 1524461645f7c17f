import FunMatchImages

/// Some images of another data set, spread evenly over it, since many are sorted by class.
package struct SpreadDataset: Dataset {
  /// Number of images.
  package let count: Int
  private let base: any Dataset

  /// `count` images of `base`, or all if it has fewer.
  package init(_ base: any Dataset, count: Int) {
    self.base = base
    self.count = min(count, base.count)
  }

  package var classNames: [String] { base.classNames }
  package var classNamesAreNumbers: Bool { base.classNamesAreNumbers }

  package func name(at index: Int) -> String { base.name(at: place(index)) }
  package func localName(at index: Int) -> String { base.localName(at: place(index)) }
  package func label(at index: Int) -> Int? { base.label(at: place(index)) }
  package func encodedSize(at index: Int) -> Int? { base.encodedSize(at: place(index)) }
  package func open(_ index: Int, with reader: ImageReader) throws {
    try base.open(place(index), with: reader)
  }

  private func place(_ index: Int) -> Int { index * base.count / count }
}
