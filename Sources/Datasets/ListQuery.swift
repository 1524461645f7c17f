import Foundation
import FunMatchSettings

/// How a list of images is read: what follows `?` after its path, as in
/// `label=probability&threshold=0.5&test=0.25`.
///
/// Keys are parted by `&`. In values `%XX` stands for a byte in hexadecimal digits, as in addresses of the web: `%26` is `&`.
public struct ListQuery: Sendable, Equatable, CustomStringConvertible {
  /// Every key.
  package enum Name: String, CaseIterable, Sendable {
    /// Columns: numbers from 1 on, or names of the header.
    case path, label, split
    /// comma, tab, semicolon or blanks.
    case delimiter
    /// yes or no.
    case header
    /// Numbers above it are of class 1, the others of class 0.
    case threshold
    /// Names of all classes in their order, between commas.
    case classes
    /// A file with the same, one a line.
    case classFile
    /// Shares of the images that are these splits, by a hash.
    case test, validation
    /// What is hashed for that: path or name.
    case hashOf
    /// The folder that paths count from.
    case root
  }

  /// What is hashed for a split.
  package enum Hashed: String, CaseIterable, Sendable {
    /// The path from the root on.
    case path
    /// What follows its last slash.
    case name
  }

  /// As it was written.
  public let description: String
  private let values: [Name: String]

  /// Without any key.
  init() { (description, values) = ("", [:]) }

  /// Parses what follows `?`.
  ///
  /// - Throws: `DatasetError` when it cannot be one.
  public init(_ text: String) throws {
    description = text
    var values: [Name: String] = [:]
    for part in text.split(separator: "&", omittingEmptySubsequences: false) {
      let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let names = Name.allCases.map(\.rawValue)
      guard halves.count == 2, !halves[1].isEmpty else {
        throw Self.error(text, "'\(part)' is not KEY=VALUE")
      }
      guard let name = Name(rawValue: String(halves[0])) else {
        let hint = NearestName.hint(String(halves[0]), among: names)
        throw Self.error(
          text, "unknown key '\(halves[0])'; \(hint)keys are \(names.joined(separator: ", "))")
      }
      guard let value = halves[1].removingPercentEncoding, !value.isEmpty else {
        throw Self.error(text, "in '\(part)' a % begins no byte such as %26; write %25 for itself")
      }
      guard values.updateValue(value, forKey: name) == nil else {
        throw Self.error(text, "'\(name)' is said twice")
      }
    }
    self.values = values
    try check()
  }

  package subscript(name: Name) -> String? { values[name] }

  /// Whether the images shall have no labels.
  package var isUnlabelled: Bool { self[.label] == "none" }

  /// Whether the first line is a header, where that is said: a column by its name needs one.
  package var hasHeader: Bool? {
    let columns = [Name.path, .label, .split].compactMap { self[$0] }
    let isNamed = columns.contains { !Self.isNumber($0) && !($0 == "none" && isUnlabelled) }
    return self[.header].map { $0 == "yes" } ?? (isNamed ? true : nil)
  }

  package var threshold: Double? { self[.threshold].flatMap(Self.number) }

  /// Names of the classes in their order, where they are said.
  package var classes: [String]? {
    self[.classes].map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
        .map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  /// Ends of the shares of test images and of validation images behind them, for the first eight bytes of a hash as one
  /// number, big endian; `nil` where no split is made so.
  package var hashEnds: (test: UInt64, validation: UInt64)? {
    guard self[.test] != nil || self[.validation] != nil else { return nil }
    let (test, validation) = (share(.test), share(.validation))
    return (UInt64(test * 0x1p64), UInt64((test + validation) * 0x1p64))
  }

  package var hashed: Hashed { self[.hashOf].flatMap(Hashed.init) ?? .path }

  /// How many classes there are, as far as that is said here.
  var classCount: Int? { isUnlabelled ? 0 : classes?.count ?? threshold.map { _ in 2 } }

  /// Whether a column is meant by its number.
  package static func isNumber(_ column: String) -> Bool {
    column.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }

  /// A number in decimal digits; `nil` for other texts, infinite ones among them.
  package static func number(_ text: String) -> Double? {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }) else {
      return nil
    }
    return Double(text).flatMap { $0.isFinite ? $0 : nil }
  }

  private func share(_ name: Name) -> Double { self[name].flatMap(Self.number) ?? 0 }

  private func check() throws {
    func expect(_ name: Name, _ expected: String, _ isRight: (String) -> Bool) throws {
      guard let value = self[name], !isRight(value) else { return }
      throw error("\(name): '\(value)' is not \(expected)")
    }
    for name in [Name.path, .label, .split] {
      try expect(name, "a column: columns count from 1") {
        !Self.isNumber($0) || Int($0).map { $0 > 0 } == true
      }
    }
    try expect(.delimiter, "comma, tab, semicolon or blanks") {
      ["comma", "tab", "semicolon", "blanks"].contains($0)
    }
    try expect(.header, "yes or no") { ["yes", "no"].contains($0) }
    try expect(.threshold, "a number") { Self.number($0) != nil }
    try expect(.hashOf, "path or name") { Hashed(rawValue: $0) != nil }
    for name in [Name.test, .validation] {
      try expect(name, "a share between 0 and 1, such as 0.2") {
        Self.number($0).map { $0 > 0 && $0 < 1 } == true
      }
    }
    try checkTogether()
  }

  private func checkTogether() throws {
    func refuse(_ first: Name, beside others: [Name], _ words: String) throws {
      guard self[first] != nil, let other = others.first(where: { self[$0] != nil }) else { return }
      throw error("\(first) and \(other): \(words)")
    }
    try refuse(.split, beside: [.test, .validation], "splits come from a column or from a hash")
    try refuse(.classFile, beside: [.classes, .threshold], "classes names the classes already")
    if isUnlabelled {
      try refuse(
        .label, beside: [.threshold, .classes, .classFile], "images without labels have no classes")
    }
    if self[.hashOf] != nil, hashEnds == nil { throw error("hashOf: expected test or validation") }
    guard share(.test) + share(.validation) < 1 else {
      throw error("test and validation: their shares leave nothing for train")
    }
    if self[.header] == "no" {
      for name in [Name.path, .label, .split] {
        guard let column = self[name], !Self.isNumber(column), column != "none" else { continue }
        throw error("\(name): '\(column)' is a name of a header, and header is no")
      }
    }
    guard let classes else { return }
    guard Set(classes).count == classes.count, !classes.contains("") else {
      throw error("classes: expected different names between commas")
    }
    guard threshold == nil || classes.count == 2 else {
      throw error(
        "classes: a threshold makes two classes, expected the name of those at most \(self[.threshold] ?? "") and of those above it"
      )
    }
  }

  private func error(_ words: String) -> DatasetError { Self.error(description, words) }

  private static func error(_ text: String, _ words: String) -> DatasetError {
    DatasetError("a list's '?\(text)': \(words)")
  }
}
