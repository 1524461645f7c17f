import Foundation
import FunMatchFiles

/// Names of classes in a file: text, one name a line; or JSON, in one of the forms that other programs leave them in.
public enum ClassNameList {
  /// One class in JSON.
  private enum Entry: Decodable {
    case name(String)
    case index(Int)

    /// A name, an index, or a list whose last part is the name, as in Keras' `imagenet_class_index.json`.
    init(from decoder: any Decoder) throws {
      if let parts = try? [String](from: decoder), let name = parts.last {
        self = .name(name)
      } else if let index = try? Int(from: decoder) {
        self = .index(index)
      } else {
        self = .name(try String(from: decoder))
      }
    }
  }

  /// The names in the order of the logits.
  ///
  /// In JSON they are a list `["tench", "goldfish"]`, or a map by index `{"0": "tench"}` or to indices
  /// `{"tench": 0}`; in place of a name may be a list that ends in it, `["n01440764", "tench"]`.
  ///
  /// - Parameter count: how many classes there must be; `nil`: any number.
  /// - Throws: `FileError` when the file cannot be read, an index is missing or there twice, a name is empty, or they are
  ///   not so many.
  public static func read(_ path: String, count: Int?) throws -> [String] {
    let file = try InputFile(path)
    guard file.size <= 1 << 26 else {
      throw FileError("\(path): \(file.size) bytes are too many for names of classes")
    }
    var bytes = try file.read(at: 0, count: file.size)
    // What Windows puts before a text is no part of it.
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes.removeFirst(3) }
    guard let text = String(bytes: bytes, encoding: .utf8) else {
      throw FileError("\(path): cannot be read as text in UTF-8")
    }
    let first = text.first { !$0.isWhitespace }
    let isJSON = first == "[" || first == "{"
    let names = isJSON ? try json(bytes, path) : lines(text)
    guard count == nil || names.count == count else {
      throw FileError(
        "\(path): has \(names.count) \(isJSON ? "names" : "lines"), the network \(count ?? 0) classes"
      )
    }
    if let empty = names.firstIndex(of: "") {
      throw FileError("\(path): the name of class \(empty) is empty")
    }
    return names
  }

  private static func lines(_ text: String) -> [String] {
    // Line ends of every system.
    var names = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) }
    while names.last == "" { names.removeLast() }
    return names
  }

  private static func json(_ bytes: [UInt8], _ path: String) throws -> [String] {
    let expected = FileError(
      "\(path): is neither names of classes, one a line, nor a JSON list of them or map from or to their indices"
    )
    if let list = try? JSONDecoder().decode([Entry].self, from: Data(bytes)) {
      return try list.map { entry in
        guard case .name(let name) = entry else { throw expected }
        return name
      }
    }
    guard let map = try? JSONDecoder().decode([String: Entry].self, from: Data(bytes)) else {
      throw expected
    }
    if let twice = JSONText.repeatedKey(bytes) {
      throw FileError("\(path): has the key '\(twice)' twice")
    }
    return try ordered(
      map.sorted { $0.key < $1.key }.map { key, entry in
        switch entry {
        case .name(let name):
          guard let index = Int(key) else { throw expected }
          return (index, name)
        case .index(let index): return (index, key)
        }
      }, path)
  }

  /// Names in the order of their indices, which are those from 0 on.
  ///
  /// - Throws: `FileError` naming `path` when an index is missing or there twice.
  static func ordered(_ pairs: [(index: Int, name: String)], _ path: String) throws -> [String] {
    var names: [Int: String] = [:]
    for (index, name) in pairs {
      if let other = names.updateValue(name, forKey: index) {
        throw FileError("\(path): '\(other)' and '\(name)' are both class \(index)")
      }
    }
    return try (0..<names.count).map { index in
      guard let name = names[index] else {
        throw FileError(
          "\(path): no class has the index \(index), though \(names.count) are named")
      }
      return name
    }
  }
}
