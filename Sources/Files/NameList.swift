/// Names in a sentence.
package enum NameList {
  /// The first ones in quotes, and how many more there are: `'ant', 'bee' and 3 more`.
  package static func text(_ names: [String], most: Int = 8) -> String {
    names.prefix(most).map { "'\($0)'" }.joined(separator: ", ")
      + (names.count > most ? " and \(names.count - most) more" : "")
  }
}
