/// What splits are called.
enum SplitNames {
  /// Names that tools have for the same split, in whatever capitals.
  private static let alike = [
    ["train", "training"], ["validation", "val", "valid", "eval", "dev"], ["test", "testing"],
  ]

  /// Whether a name is that of a split in most tools.
  static func isUsual(_ name: String) -> Bool { alike.joined().contains(name.lowercased()) }

  /// Whether images for training are called so.
  static func isTraining(_ name: String) -> Bool { alike[0].contains(name.lowercased()) }

  /// The name that means a split: its own, or else another one for the same; `nil` where none does.
  static func find(_ split: String, among names: [String]) -> String? {
    let wanted = [split] + (alike.first { $0.contains(split.lowercased()) } ?? [])
    return wanted.first(where: names.contains)
      ?? names.first { name in wanted.contains { $0.lowercased() == name.lowercased() } }
  }
}
