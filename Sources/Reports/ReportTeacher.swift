import Foundation

/// A teacher of a student of a report.
struct ReportTeacher: Equatable {
  /// What tells it from others: the SHA-256 of its file where it is known, whatever the path; else the path.
  typealias Identity = String

  /// Its file as the recipe has it.
  let file: String
  /// The pixels that it looks at.
  let resolution: String
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
      return ReportTeacher(file: file, resolution: resolution, identity: checksum ?? file)
    }.prefix { $0 != nil }.compactMap(\.self)
  }

  /// Names of teachers by their identities: of their files, each with as many folders as tell it from the others.
  static func names(_ teachers: [ReportTeacher]) -> [Identity: String] {
    let files = Dictionary(
      teachers.map { ($0.identity, $0.file) }, uniquingKeysWith: { one, _ in one })
    let parts = files.mapValues { file in
      (file as NSString).deletingPathExtension.split(separator: "/").filter {
        $0 != "." && $0 != ".."
      }
    }
    return parts.mapValues { own in
      let ends = (1...max(1, own.count)).lazy.map { own.suffix($0) }
      let end = ends.first { end in
        parts.values.count { $0.suffix(end.count) == end } == 1
      }
      return (end ?? own[...]).joined(separator: "/")
    }
  }
}
