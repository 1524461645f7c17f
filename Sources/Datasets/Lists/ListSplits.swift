import FunMatchFiles

/// Which images of a list belong to a split: by a column, or by a hash of their names.
struct ListSplits {
  private let name: String
  private let query: ListQuery
  private var texts: [String] = []
  private var places: [String: Int32] = [:]

  /// - Parameter name: what errors call the list.
  init(_ query: ListQuery, name: String) { (self.query, self.name) = (query, name) }

  /// Takes note of what the column of splits says.
  ///
  /// - Returns: which of the splits it is.
  /// - Throws: `DatasetError` when it says nothing.
  mutating func add(_ field: ArraySlice<UInt8>, line: Int) throws -> Int32 {
    let text = ListColumns.text(field)
    guard !text.isEmpty else {
      throw error("line \(line): its split is empty; expected one for every image")
    }
    if let place = places[text] { return place }
    let place = Int32(texts.count)
    guard texts.count < Self.most else {
      throw error("has more than \(Self.most) splits; is split the right column?")
    }
    texts.append(text)
    places[text] = place
    return place
  }

  private static let most = 100

  /// The place of the split of a name: of the test images, of the validation images, of the others.
  private func place(_ file: UnsafeBufferPointer<UInt8>) -> Int32 {
    guard let ends = query.hashEnds else { return 0 }
    var text = file
    if query.hashed == .name, let slash = file.lastIndex(of: UInt8(ascii: "/")) {
      text = UnsafeBufferPointer(rebasing: file[(slash + 1)...])
    }
    let hash = Checksum.start(of: UnsafeRawBufferPointer(text))
    return hash < ends.test ? 2 : hash < ends.validation ? 1 : 0
  }

  private static let hashed = ["train", "validation", "test"]

  /// Which images belong to a split.
  ///
  /// - Parameters:
  ///   - split: `nil` for all, where there are no splits.
  ///   - column: what `add` returned of each, where a column says it.
  /// - Throws: `DatasetError` when there is no such split, or one has to be named.
  func members(of split: String?, _ files: FileList, column: [Int32]) throws -> [Int] {
    let all = Array(0..<files.count)
    let names: [String]
    if query.hashEnds != nil {
      names = Self.hashed.filter { $0 == "train" || query[.init(rawValue: $0) ?? .test] != nil }
    } else {
      names = texts.sorted()
    }
    guard let split else {
      guard let first = names.first else { return all }
      throw error(
        "holds the splits \(names.joined(separator: ", ")); name one, as in list:\(name)?\(query):\(first)"
      )
    }
    guard !names.isEmpty else {
      throw error(
        "knows no split '\(split)'; split=COLUMN names the column of splits, test=0.2 makes one by a hash"
      )
    }
    guard let found = SplitNames.find(split, among: names) else {
      throw error("has no split '\(split)'; there are \(names.joined(separator: ", "))")
    }
    if query.hashEnds == nil {
      let place = places[found]
      return all.filter { column[$0] == place }
    }
    let place = Self.hashed.firstIndex(of: found).map { Int32($0) }
    return all.filter { files.withBytes(at: $0, self.place) == place }
  }

  private func error(_ words: String) -> DatasetError { DatasetError("\(name): \(words)") }
}
