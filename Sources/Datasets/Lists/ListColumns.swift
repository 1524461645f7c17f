/// Which columns of a list say what.
struct ListColumns {
  /// Columns from 0 on.
  let path: Int
  /// `nil` where images have no labels.
  let label: Int?
  let split: Int?
  /// Fields of every record.
  let count: Int
  let delimiter: DelimitedText.Delimiter
  let hasHeader: Bool
  /// What deserves to be known.
  let remarks: [String]

  private let name: String

  /// Looks at the first records of a list.
  ///
  /// - Parameters:
  ///   - bytes: the whole of it.
  ///   - name: what errors call it.
  /// - Throws: `DatasetError` when a column is not there or cannot be told from others.
  init(_ bytes: [UInt8], _ query: ListQuery, name: String) throws {
    self.name = name
    delimiter =
      query[.delimiter].flatMap(DelimitedText.Delimiter.init)
      ?? DelimitedText.delimiter(of: bytes)
    var records = DelimitedText(bytes, name: name, delimiter: delimiter)
    guard try records.next() else { throw DatasetError("\(name): names no images") }
    let count = records.count
    self.count = count
    let first = (0..<count).map { Array(records[$0]) }
    // Where nothing is said: a first line that names no image, before one that does.
    let places = query[.path].flatMap { Int($0) }.map { [$0 - 1] } ?? Array(0..<count)
    let namesNone = !places.contains { $0 < count && ImageName.isAnyImage(first[$0]) }
    var hasHeader = query.hasHeader ?? false
    if query.hasHeader == nil, namesNone, try records.next() {
      let second = records
      hasHeader = places.contains { $0 < second.count && ImageName.isAnyImage(second[$0]) }
    }
    self.hasHeader = hasHeader
    let columns = Columns(
      names: hasHeader ? first.map { Self.text($0[...]) } : [], count: count, file: name)
    if hasHeader, count > 2, query[.path] == nil || query[.label] == nil {
      throw DatasetError(
        "\(name): has \(columns.words); say which are meant, as in ?path=\(columns.names[0])&label=\(columns.names[1]), with label=none for images without labels"
      )
    }
    path = try query[.path].map { try columns.find($0, for: "path") } ?? 0
    if query.isUnlabelled {
      label = nil
    } else if let column = query[.label] {
      label = try columns.find(column, for: "label")
    } else {
      label = count > 1 ? 1 : nil
    }
    split = try query[.split].map { try columns.find($0, for: "split") }
    let unlabelled = [ListQuery.Name.threshold, .classes, .classFile].first { query[$0] != nil }
    if label == nil, !query.isUnlabelled, let key = unlabelled {
      throw DatasetError("\(name): has one column, and \(key) is about labels")
    }
    let all: [(String, Int?)] = [("path", path), ("label", label), ("split", split)]
    let used = all.compactMap { key, column in column.map { (key, $0) } }
    for (index, (key, column)) in used.enumerated() {
      guard let other = used[..<index].first(where: { $0.1 == column }) else { continue }
      throw DatasetError(
        "\(name): \(other.0) and \(key) are the same column \(column + 1); columns count from 1, path is the first and label the second where nothing else is said"
      )
    }
    let idle = columns.names.first { $0.lowercased() == "split" }
    remarks =
      query[.split] == nil && query.hashEnds == nil
      ? idle.map { ["column '\($0)' is not used; split=\($0) makes splits of it"] } ?? [] : []
  }

  /// Makes sure that a record has all fields.
  ///
  /// - Throws: `DatasetError` when it has fewer or more than the first one.
  func check(_ record: DelimitedText) throws {
    guard record.count == count else {
      throw DatasetError(
        "\(name): line \(record.line): has \(record.count) \(record.count == 1 ? "field" : "fields"), the first line \(count), by the delimiter \(delimiter.rawValue) (delimiter= says another)"
      )
    }
  }

  /// A field as text without blanks around it; what is not UTF-8 is replaced.
  static func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: trimmed(field), as: UTF8.self)
  }

  /// A field without blanks around it.
  static func trimmed(_ field: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 9 }
    guard let first = field.firstIndex(where: { !isBlank($0) }),
      let last = field.lastIndex(where: { !isBlank($0) })
    else { return [] }
    return field[first...last]
  }

  /// Finds columns by what users call them.
  private struct Columns {
    /// Those of the header; none without one.
    let names: [String]
    let count: Int
    let file: String

    /// What there is.
    var words: String {
      guard names.isEmpty else { return "the columns " + names.joined(separator: ", ") }
      return count == 1 ? "one column" : "\(count) columns"
    }

    func find(_ column: String, for key: String) throws -> Int {
      let found = names.indices.filter { names[$0] == column }
      guard found.count < 2 else {
        throw error(
          "\(key): \(found.count) columns are called '\(column)'; say which by its number")
      }
      let number = ListQuery.isNumber(column) ? Int(column) ?? .max : nil
      if let place = found.first {
        guard number == nil || number == place + 1 else {
          throw error(
            "\(key): '\(column)' is the name of column \(place + 1) and the number of another; expected names that are no numbers"
          )
        }
        return place
      }
      guard let number, number <= count else {
        throw error("\(key): there is no column '\(column)'; it has \(words)")
      }
      return number - 1
    }

    private func error(_ words: String) -> DatasetError { DatasetError("\(file): \(words)") }
  }
}
