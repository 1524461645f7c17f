/// The texts of a list's labels, and the classes that they mean.
struct ListLabels {
  private let name: String
  /// The different texts, each with the line that has it first, and how many images have it.
  private var texts: [(text: String, line: Int)] = []
  private var places: [String: Int32] = [:]

  /// Classes beyond this are taken for something else.
  private static let mostClasses = 1 << 16

  /// - Parameter name: what errors call the list.
  init(name: String) { self.name = name }

  /// Takes note of a label.
  ///
  /// - Returns: which of the texts it is.
  /// - Throws: `DatasetError` when it is none.
  mutating func add(_ field: ArraySlice<UInt8>, line: Int) throws -> Int32 {
    let bytes = ListColumns.trimmed(field)
    let text = String(decoding: bytes, as: UTF8.self)
    guard !text.isEmpty else {
      throw error(
        "line \(line): has no label; expected one for every image, or label=none for images without labels"
      )
    }
    if let place = places[text] { return place }
    guard text.utf8.elementsEqual(bytes) else {
      throw error("line \(line): its label is not UTF-8 text; expected a list in UTF-8")
    }
    let place = Int32(texts.count)
    texts.append((text, line))
    places[text] = place
    return place
  }

  /// Classes of a list.
  struct Classes {
    let names: [String]
    var areNumbers = false
    /// The class of each text.
    let labels: [Int32]
  }

  /// What the texts mean.
  ///
  /// - Parameter named: all classes in their order, where somebody names them.
  /// - Throws: `DatasetError` when a text means none, or it is not clear what they mean.
  func classes(_ query: ListQuery, named: [String]?) throws -> Classes {
    if let threshold = query.threshold {
      let limit = query[.threshold] ?? ""
      return Classes(
        names: named ?? ["at most \(limit)", "above \(limit)"],
        labels: try texts.map { text, line in
          guard let number = ListQuery.number(text) else {
            throw error(
              "line \(line): '\(text)' is no number, of which threshold=\(limit) makes a class")
          }
          return number > threshold ? 1 : 0
        })
    }
    let numbers = texts.map { Self.wholeNumber($0.text) }
    if let named { return try classes(named, numbers) }
    let whole = numbers.compactMap(\.self)
    if whole.count == texts.count { return try classes(numbered: whole) }
    if texts.count > 2, texts.allSatisfy({ ListQuery.number($0.text) != nil }),
      let example = texts.first(where: { Self.wholeNumber($0.text) == nil })
    {
      throw error(
        "its labels are numbers such as \(example.text) (line \(example.line)): threshold=0.5 makes two classes of them, classes=… or classFile=… names them"
      )
    }
    let names = texts.map(\.text).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    guard names.count <= Self.mostClasses else {
      throw error(
        "has \(names.count) different labels; expected at most \(Self.mostClasses) classes: is it the right column?"
      )
    }
    return Classes(names: names, labels: try places(in: names))
  }

  /// Classes that somebody named: by their names, or by their places where no name is meant.
  private func classes(_ names: [String], _ numbers: [Int?]) throws -> Classes {
    let known = Set(names)
    let others = texts.filter { !known.contains($0.text) }
    if others.count == texts.count, numbers.allSatisfy({ $0 ?? .max < names.count }) {
      return Classes(names: names, labels: numbers.map { Int32($0 ?? 0) })
    }
    guard others.isEmpty else {
      let some = others.prefix(3).map { "'\($0.text)' (line \($0.line))" }.joined(separator: ", ")
      throw error(
        "\(others.count) of its \(texts.count) labels are none of the \(names.count) classes that are named: \(some)\(others.count > 3 ? ", ..." : "")"
      )
    }
    return Classes(names: names, labels: try places(in: names))
  }

  private func places(in names: [String]) throws -> [Int32] {
    let places = Dictionary(zip(names, names.indices)) { first, _ in first }
    return texts.map { Int32(places[$0.text] ?? 0) }
  }

  /// Whole numbers are classes by themselves, from 0 on.
  private func classes(numbered numbers: [Int]) throws -> Classes {
    let (low, high) = (numbers.min() ?? 0, numbers.max() ?? 0)
    guard low == 0, high < Self.mostClasses, 2 * numbers.count > high else {
      throw error(
        "its labels are \(numbers.count) different whole numbers from \(low) to \(high); expected class numbers from 0 on, of which at least half occur, or classes=… or classFile=… that names them"
      )
    }
    return Classes(
      names: (0...high).map { "class \($0)" }, areNumbers: true, labels: numbers.map { Int32($0) })
  }

  /// A whole number as programs write it; `nil` for any other text, such as 01, which may be a name.
  private static func wholeNumber(_ text: String) -> Int? {
    guard ListQuery.isNumber(text), let number = Int(text), String(number) == text else {
      return nil
    }
    return number
  }

  private func error(_ words: String) -> DatasetError { DatasetError("\(name): \(words)") }
}
