import FunMatchImages

/// Some images of another data set, in an order of their own.
package struct ChosenDataset: Dataset {
  /// Places of the images in the other data set.
  package let places: [Int]
  private let base: any Dataset

  /// The images of `base` at `places`, each in 0 ..< its count.
  package init(_ base: any Dataset, _ places: [Int]) { (self.base, self.places) = (base, places) }

  package var count: Int { places.count }
  package var classNames: [String] { base.classNames }
  package var classNamesAreNumbers: Bool { base.classNamesAreNumbers }
  package var remarks: [String] { base.remarks }
  package func name(at index: Int) -> String { base.name(at: places[index]) }
  package func localName(at index: Int) -> String { base.localName(at: places[index]) }
  package func label(at index: Int) -> Int? { base.label(at: places[index]) }
  package func encodedSize(at index: Int) -> Int? { base.encodedSize(at: places[index]) }
  package func open(_ index: Int, with reader: ImageReader) throws {
    try base.open(places[index], with: reader)
  }
}
