/// Ways in which archives are compressed, which nothing here reads, so that the user can be told.
struct Compression {
  /// How names end.
  let endings: [String]
  /// How files begin.
  let beginning: [UInt8]
  /// What undoes it.
  let program: String

  private static let known = [
    Compression(endings: [".gz", ".tgz"], beginning: [0x1f, 0x8b], program: "gunzip"),
    Compression(
      endings: [".zst", ".tzst"], beginning: [0x28, 0xb5, 0x2f, 0xfd], program: "unzstd"),
    // Three letters alone may also be the name of an archive's first member.
    Compression(
      endings: [".bz2", ".tbz", ".tbz2"], beginning: Array("BZh91AY&SY".utf8), program: "bunzip2"),
    Compression(
      endings: [".xz", ".txz"], beginning: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], program: "unxz"),
  ]

  /// So many bytes of a file are enough to tell.
  static let beginningSize = known.map(\.beginning.count).max() ?? 0

  static func of(name: String) -> Compression? {
    known.first { $0.endings.contains(where: name.hasSuffix) }
  }

  /// Whether a file is a compressed tar archive by its name.
  static func isTar(_ name: String) -> Bool {
    known.flatMap(\.endings).contains { ending in
      name.hasSuffix(ending.hasPrefix(".t") ? ending : ".tar" + ending)
    }
  }

  static func of(beginning: [UInt8]) -> Compression? {
    known.first { beginning.starts(with: $0.beginning) }
  }

  /// The error about an archive.
  func error(about archive: String) -> DatasetError {
    DatasetError(
      "\(archive): is compressed, and images are read from its middle; decompress it first "
        + "(\(program))")
  }
}
