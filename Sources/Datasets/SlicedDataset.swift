import FunMatchImages

/// A run of neighbouring images of another data set.
struct SlicedDataset: Dataset {
  let base: any Dataset
  let range: Range<Int>

  var count: Int { range.count }
  var classNames: [String] { base.classNames }
  var classNamesAreNumbers: Bool { base.classNamesAreNumbers }
  var remarks: [String] { base.remarks }
  var shards: [Range<Int>] {
    base.shards.map { $0.clamped(to: range) }.filter { !$0.isEmpty }
      .map { $0.lowerBound - range.lowerBound..<$0.upperBound - range.lowerBound }
  }
  func willRead(_ images: Range<Int>) {
    base.willRead(images.lowerBound + range.lowerBound..<images.upperBound + range.lowerBound)
  }
  func name(at index: Int) -> String { base.name(at: range.lowerBound + index) }
  func localName(at index: Int) -> String { base.localName(at: range.lowerBound + index) }
  func label(at index: Int) -> Int? { base.label(at: range.lowerBound + index) }
  func encodedSize(at index: Int) -> Int? { base.encodedSize(at: range.lowerBound + index) }
  func open(_ index: Int, with reader: ImageReader) throws {
    try base.open(range.lowerBound + index, with: reader)
  }
}
