import FunMatchTensorBoard
import Yams

/// Names of students, which tell their place on every axis.
struct StudyNames {
  /// Longer values, in characters, are told by their place in the list.
  static let longestValue = 24
  private static let longestName = 120

  private let axes: [StudyAxis]
  private let keys: [[String]]
  private let alone: String

  /// - Parameter alone: the name of the only student where there are no axes.
  init(_ axes: [StudyAxis], alone: String) {
    self.axes = axes
    self.alone = alone
    var short = Self.shortened(axes.flatMap(\.keys))[...]
    keys = axes.map { axis in
      defer { short = short.dropFirst(axis.keys.count) }
      return Array(short.prefix(axis.keys.count))
    }
  }

  /// The name of the student at these places of the axes.
  subscript(places: [Int]) -> String {
    let parts = axes.indices.flatMap { index in
      zip(keys[index], axes[index].options[places[index]].labels).map { key, label in
        key == "case" ? label : "\(key)=\(label)"
      }
    }
    var name = parts.isEmpty ? Self.clean(alone) : parts.joined(separator: ",")
    if name.hasPrefix(".") { name = "-" + name.dropFirst() }
    guard name.count > Self.longestName else { return name }
    // Told apart by what all of it would be, so that it stays when the study grows.
    return name.prefix(100) + "#" + String(CRC32C.checksum(Array(name.utf8)), radix: 16)
  }

  /// The values of an axis as they stand in names, all of them different.
  ///
  /// - Parameter longest: what is longer is told by its place.
  static func labels(_ values: [Node], longest: Int = longestValue) -> [String] {
    let labels = values.enumerated().map { place, value in
      guard let text = value.string, text.count <= longest else { return "#\(place + 1)" }
      return clean(text)
    }
    // Some file systems take large and small letters for the same. The first keeps its name, so that it need not
    // be trained again when the list grows.
    var seen: Set<String> = []
    return labels.enumerated().map { place, label in
      seen.insert(label.lowercased()).inserted ? label : "\(label)#\(place + 1)"
    }
  }

  private static func clean(_ text: String) -> String {
    String(
      text.map { letter in
        letter.isASCII && (letter.isLetter || letter.isNumber) || "._=,+-".contains(letter)
          ? letter : "-"
      })
  }

  /// The last names in keys, as many as it takes to tell them apart.
  private static func shortened(_ keys: [String]) -> [String] {
    let parts = keys.map { $0.split(separator: ".") }
    // An index alone says nothing, but it stays where a name follows that needs it.
    let ends = parts.map { $0.lastIndex { Int($0) == nil }.map { $0 + 1 } ?? $0.count }
    var starts = ends.map { max(0, $0 - 1) }
    while true {
      let short = keys.indices.map {
        clean(parts[$0][starts[$0]..<ends[$0]].joined(separator: "."))
      }
      let groups = Dictionary(grouping: keys.indices) { short[$0] }.values.filter { $0.count > 1 }
      let movable = groups.joined().filter { starts[$0] > 0 }
      if movable.isEmpty { return groups.isEmpty ? short : keys.map(clean) }
      for index in movable { starts[index] -= 1 }
    }
  }
}
