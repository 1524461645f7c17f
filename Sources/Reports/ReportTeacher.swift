import Foundation

/// A teacher of a student of a report.
struct ReportTeacher: Equatable {
  /// What tells it from others: the SHA-256 of its file where it is known, whatever the path; else the path. And which
  /// part of the file it is, where the recipe says it.
  typealias Identity = String

  /// Its file as the recipe has it.
  let file: String
  /// The pixels that it looks at.
  let resolution: String
  /// The key and prefix of its weights in the file, as far as they are said.
  let place: [String]
  let identity: Identity

  /// The teachers in a recipe.
  ///
  /// - Parameters:
  ///   - values: the recipe by dotted key.
  ///   - origin: what the run learns from, with the SHA-256 of every teacher's file; `nil` where it is not known.
  static func all(_ values: [String: String], origin: [String]?) -> [ReportTeacher] {
    (0..<64).lazy.map { index -> ReportTeacher? in
      let key = "teachers.\(index)."
      let programs = ["torchscript", "aotinductor", "onnx"].map { key + $0 + "." }
      guard let resolution = values[key + "resolution"] else { return nil }
      let known = [key + "weights"] + programs.map { $0 + "path" }
      let file = known.compactMap { values[$0] }.first { $0 != "none" } ?? "teacher"
      // The kind and the number of images come first.
      let checksum = origin.flatMap { $0.count > index + 2 ? $0[index + 2] : nil }
      let place = ["key", "prefix"].compactMap { name in
        values[key + name].flatMap { $0 == "none" ? nil : "\(name) \($0)" }
      }
      return ReportTeacher(
        file: file, resolution: resolution, place: place,
        identity: ([checksum ?? file] + place).joined(separator: "\n"))
    }.prefix { $0 != nil }.compactMap(\.self)
  }

  /// Names of teachers by their identities: of their files, each with as many folders as tell it from the others.
  static func names(_ teachers: [ReportTeacher]) -> [Identity: String] {
    let known = Dictionary(
      teachers.map { ($0.identity, $0) }, uniquingKeysWith: { one, _ in one })
    let parts = known.mapValues { teacher in
      (teacher.file as NSString).deletingPathExtension.split(separator: "/").filter {
        $0 != "." && $0 != ".."
      }
    }
    return parts.reduce(into: [:]) { names, part in
      let (identity, own) = part
      let place = known[identity]?.place ?? []
      let ends = (1...max(1, own.count)).lazy.map { own.suffix($0) }
      let end = ends.first { end in
        // Parts of one file are told apart by what is said of them.
        parts.count { $1.suffix(end.count) == end && known[$0]?.place == place } == 1
      }
      names[identity] =
        (end ?? own[...]).joined(separator: "/")
        + (place.isEmpty ? "" : " (\(place.joined(separator: ", ")))")
    }
  }
}
