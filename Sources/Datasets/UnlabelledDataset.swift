import FunMatchImages

/// Another data set without its labels: where they mean something else.
package struct UnlabelledDataset: Dataset {
  private let base: any Dataset

  /// The images of `base`.
  package init(_ base: any Dataset) { self.base = base }

  package var count: Int { base.count }
  package var classNames: [String] { [] }
  package var remarks: [String] { base.remarks }
  package func name(at index: Int) -> String { base.name(at: index) }
  package func localName(at index: Int) -> String { base.localName(at: index) }
  package func label(at index: Int) -> Int? { nil }
  package func encodedSize(at index: Int) -> Int? { base.encodedSize(at: index) }
  package func open(_ index: Int, with reader: ImageReader) throws {
    try base.open(index, with: reader)
  }
}
