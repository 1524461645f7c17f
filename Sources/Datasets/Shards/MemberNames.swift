/// What images are called in shards, without ending, so that whoever reads them as WebDataset does, by the name up to the
/// first dot, finds as many images as there are.
struct MemberNames {
  private let dataset: any Dataset
  private var repeated: Set<String> = []

  init(_ dataset: any Dataset) {
    self.dataset = dataset
    var seen: Set<String> = []
    for index in 0..<dataset.count {
      let key = plain(index)
      if !seen.insert(key).inserted { repeated.insert(key) }
    }
  }

  /// The name of the image at `index`, which no other has.
  subscript(index: Int) -> String {
    let key = plain(index)
    // No name becomes another's by it: of two such signs one would have been written otherwise.
    return repeated.contains(key) ? "\(key)%%\(index)" : key
  }

  /// The data set's name with further dots of its last part written otherwise; a number for pixels that are in no file.
  private func plain(_ index: Int) -> String {
    guard dataset.encodedSize(at: index) != nil else {
      let digits = String(index)
      return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }
    let name = dataset.localName(at: index).replacing("%", with: "%25")
    let start = name.lastIndex(of: "/").map(name.index(after:)) ?? name.startIndex
    let last = name[start...]
    let dot = last.lastIndex(of: ".") ?? last.endIndex
    let stem = dot > last.startIndex ? last[..<dot] : last
    return String(name[..<start]) + stem.replacing(".", with: "%2E")
  }
}
