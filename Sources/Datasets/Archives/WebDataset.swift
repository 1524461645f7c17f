import FunMatchFiles

/// Tar archives whose members belong together by their names up to the first dot: an image
/// (`.jpg`, `.png` or another ending of `ImageFormat`) and perhaps its class as a number in decimal digits (`.cls`).
/// Where no such image is among them, names may have more dots: `v1.0.jpg` belongs to `v1.0.cls` then.
enum WebDataset {
  /// Labels beyond this are taken for damage.
  private static let labelLimit = 65_535

  /// Images in the order in which they are stored.
  ///
  /// - Parameters:
  ///   - pattern: a path that may hold braces, or a folder of `.tar` files.
  ///   - locate: tells where a path leads.
  /// - Throws: `DatasetError` when an archive is missing, damaged or not of this kind.
  static func open(_ pattern: String, locate: (String) throws -> String) throws -> any Dataset {
    let paths = try BraceExpansion.expand(pattern).map { path in
      do {
        return try locate(path)
      } catch let error as DatasetError {
        guard path.contains(where: "*?".contains) else { throw error }
        throw DatasetError(
          "\(path): no archive is called so, and * and ? stand for themselves; name several by "
            + "braces, as in shard-{000..127}.tar, or by their folder")
      }
    }.flatMap { try Folder.isFolder($0) ? archives(in: $0) : [$0] }
    for path in paths {
      if let compression = Compression.of(name: path) { throw compression.error(about: path) }
    }
    let keepsOpen = paths.count <= ArchiveFile.openLimit
    let files = try paths.map { try ArchiveFile($0, keepsOpen: keepsOpen) }
    let parts = try Workers.map(count: files.count) { try index(files[$0], $0) }

    var whole = ArchiveDataset.Index()
    var shards: [Range<Int>] = []
    for part in parts {
      shards.append(whole.entries.count..<whole.entries.count + part.entries.count)
      whole.append(contentsOf: part)
    }
    guard !whole.entries.isEmpty else {
      throw DatasetError("\(pattern): holds no member NAME.jpg, NAME.png or of another image")
    }
    let bare = UnreadFiles.of(paths.indices.filter { shards[$0].isEmpty }.map { paths[$0] })
    let remarks =
      bare.remarks("archive holds no image", "archives hold no image")
      + whole.unread.remarks("member belongs to no image", "members belong to no image")
    let labels = whole.labels
    let classes = Int(labels.max() ?? -1) + 1
    if classes == 0 {
      whole.labels = []
    } else if let bare = labels.firstIndex(of: -1) {
      let path = paths[Int(whole.entries[bare].archive)]
      throw DatasetError(
        "\(path): \(whole.names[bare]) has no label (.cls), and other images have one")
    }
    return ArchiveDataset(
      files, whole, classNames: (0..<classes).map { "class \($0)" }, classNamesAreNumbers: true,
      shards: shards.filter { !$0.isEmpty }, remarks: remarks)
  }

  private static func archives(in folder: String) throws -> [String] {
    let names = try Folder.entries(folder).filter { !$0.isFolder }.map(\.text)
    let tars = names.filter { $0.lowercased().hasSuffix(".tar") }
    if !tars.isEmpty, let name = names.first(where: Compression.isTar),
      let compression = Compression.of(name: name)
    {
      throw compression.error(about: "\(folder)/\(name)")
    }
    guard !tars.isEmpty else {
      let compressed = names.lazy.compactMap { name in
        Compression.of(name: name).map {
          "; \(name) is compressed, decompress it first (\($0.program))"
        }
      }
      throw DatasetError("\(folder): holds no .tar files" + (compressed.first ?? ""))
    }
    return tars.map { folder + "/" + $0 }
  }

  /// Labels are -1 where there is none.
  private static func index(_ file: ArchiveFile, _ number: Int) throws -> ArchiveDataset.Index {
    var index = ArchiveDataset.Index()
    var sample = Sample()
    func finish() throws {
      if let image = sample.image {
        try index.append(image, archive: number, in: file.path)
        index.labels.append(sample.label ?? -1)
      } else if let other = sample.other {
        throw ImageName.undecodable(other, in: file.path)
      } else if !sample.dotted.isEmpty {
        for part in try sample.parts(in: file.path) {
          try index.append(part.image, archive: number, in: file.path)
          index.labels.append(part.label ?? -1)
        }
      } else if sample.label != nil {
        throw DatasetError(
          "\(file.path): \(sample.text) has a label and no image beside it")
      } else {
        for member in sample.others { index.unread.note("\(file.path)/\(member)") }
      }
    }
    try file.scan { scanner, _ in
      while let member = try scanner.next() {
        guard let (key, ending) = split(member.name) else {
          index.unread.note("\(file.path)/\(member.text)")
          continue
        }
        if key != sample.key {
          try finish()
          sample = Sample(key: key)
        }
        switch ending {
        case _ where ImageName.isReadable(ending: ending):
          let isUsual = ImageName.isUsual(ending: ending)
          guard sample.image == nil || sample.isUsual != isUsual else {
            throw DatasetError("\(file.path): \(sample.text) has two images, \(member.text) too")
          }
          guard sample.image == nil || isUsual else { continue }
          (sample.image, sample.isUsual) = (member, isUsual)
        case "cls":
          guard sample.label == nil else {
            throw DatasetError("\(file.path): \(sample.text) has two labels, \(member.text) too")
          }
          sample.label = try label(member, scanner)
        default:
          // Beside an image that can be decoded it may be anything, such as a mask.
          let last = ending.split(separator: ".").last.map(String.init) ?? ""
          if ImageName.isOther(ending: last) { sample.other = member.name }
          sample.others.append(member.text)
          sample.note(member) { try? label(member, scanner) }
        }
      }
    }
    try finish()
    return index
  }

  private struct Sample {
    var key: ArraySlice<UInt8> = []
    var image: TarScanner.Member?
    /// Whether it is a JPEG or PNG: then images of other formats are something else.
    var isUsual = false
    /// An image of a kind that cannot be decoded.
    var other: [UInt8]?
    var label: Int32?
    /// Members that are neither an image that can be decoded nor a class.
    var others: [String] = []
    /// What has more dots in its name.
    var dotted: [Dotted] = []

    var text: String { String(decoding: key, as: UTF8.self) }

    /// Members whose names are the same up to the last dot.
    struct Dotted {
      let key: ArraySlice<UInt8>
      var image: TarScanner.Member?
      /// Whether there is one, and what it says if that is a number.
      var label: Int32??

      var text: String { String(decoding: key, as: UTF8.self) }
    }

    /// Takes an image or a class with more dots in its name; nothing else.
    mutating func note(_ member: TarScanner.Member, label: () -> Int32?) {
      guard let dot = member.name.lastIndex(of: UInt8(ascii: ".")) else { return }
      let ending = String(decoding: member.name[(dot + 1)...], as: UTF8.self).lowercased()
      guard ending == "cls" || ImageName.isReadable(ending: ending) else { return }
      let key = member.name[..<dot]
      if dotted.last?.key != key { dotted.append(Dotted(key: key)) }
      if ending == "cls" {
        dotted[dotted.count - 1].label = .some(label())
      } else if dotted.last?.image == nil || ImageName.isUsual(ending: ending) {
        dotted[dotted.count - 1].image = member
      }
    }

    /// Images that have nothing else to belong to than what is called like them up to the last dot.
    ///
    /// - Throws: `DatasetError` when it is not clear what belongs to what.
    func parts(in path: String) throws -> [(image: TarScanner.Member, label: Int32?)] {
      guard label == nil || dotted.count == 1 else {
        throw DatasetError(
          "\(path): \(text) has one class and several images (\(dotted.prefix(3).map(\.text).joined(separator: ", ")))"
        )
      }
      return try dotted.map { part in
        guard let image = part.image else {
          throw DatasetError(
            "\(path): \(part.text) has a label and no image beside it")
        }
        if case .some(.none) = part.label {
          throw DatasetError("\(path): \(part.text).cls is not a class number")
        }
        return (image, (part.label ?? nil) ?? label)
      }
    }
  }

  /// The path up to the first dot of its last part, and what follows that dot; `nil` for hidden
  /// files and for names without a dot.
  private static func split(_ name: [UInt8]) -> (key: ArraySlice<UInt8>, ending: String)? {
    let start = name.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    guard let dot = name[start...].firstIndex(of: UInt8(ascii: ".")), dot > start else {
      return nil
    }
    return (name[..<dot], String(decoding: name[(dot + 1)...], as: UTF8.self).lowercased())
  }

  private static func label(_ member: TarScanner.Member, _ scanner: TarScanner) throws -> Int32 {
    let text =
      member.size <= 64 ? String(decoding: try scanner.contents(member), as: UTF8.self) : ""
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count == 1, let value = Int32(words[0]), (0...Int32(labelLimit)).contains(value)
    else {
      throw DatasetError(
        "\(scanner.name): \(member.text) is not a class number from 0 to \(labelLimit)")
    }
    return value
  }
}
