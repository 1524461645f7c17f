import FunMatchImages

/// A run of neighbouring images of another data set.
struct SlicedDataset: Dataset {
  let base: any Dataset
  let range: Range<Int>

  var count: Int { range.count }
  var classNames: [String] { base.classNames }
  func image(at index: Int) throws -> PixelImage { try base.image(at: range.lowerBound + index) }
  func label(at index: Int) -> Int? { base.label(at: range.lowerBound + index) }
}
