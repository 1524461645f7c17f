import FunMatchFiles

/// ImageNet in the archives that its site gives out.
enum ImageNetArchive {
  /// The training images: an archive of one archive a class, in the order of
  /// `FileList.mixedOrder`.
  ///
  /// - Throws: `DatasetError` when it is damaged or laid out otherwise.
  static func train(_ path: String) throws -> any Dataset {
    let file = try ArchiveFile(path)
    let classes = try file.scan { scanner, _ in
      var classes: [(name: String, member: TarScanner.Member)] = []
      while let member = try scanner.next() {
        guard member.text.hasSuffix(".tar"), ImageNet.isClass(String(member.text.dropLast(4)))
        else {
          throw DatasetError(
            "\(path): holds \(member.text); expected one archive a class, such as n01440764.tar")
        }
        classes.append((String(member.text.dropLast(4)), member))
      }
      return classes.sorted { $0.name < $1.name }
    }
    let parts = try Workers.map(count: classes.count) { label in
      var part = ArchiveDataset.Index()
      let (name, member) = classes[label]
      let range = member.offset..<member.offset + member.size
      try file.withDescriptor { descriptor in
        var scanner = try TarScanner(descriptor, range: range, name: path + "/" + member.text)
        while let image = try scanner.next() {
          guard try ImageName.isImage(image.name, in: path) else { continue }
          try part.append(image, prefix: Array((name + "/").utf8), archive: 0, in: path)
          part.labels.append(Int32(label))
        }
      }
      guard !part.entries.isEmpty else {
        throw DatasetError("\(path): \(member.text) holds no images")
      }
      return part
    }
    var index = ArchiveDataset.Index()
    for part in parts { index.append(contentsOf: part) }
    guard !index.entries.isEmpty else { throw DatasetError("\(path): holds no classes") }
    return ArchiveDataset(
      [file], index.permuted(index.names.mixedOrder()), classNames: classes.map(\.name))
  }

  /// The validation images, in the order of their numbers.
  ///
  /// - Throws: `DatasetError` when it is damaged or does not fit the development kit.
  static func validation(_ path: String, _ devkit: ImageNetDevkit) throws -> any Dataset {
    let file = try ArchiveFile(path)
    var index = ArchiveDataset.Index()
    try file.scan { scanner, _ in
      while let member = try scanner.next() {
        if try ImageName.isImage(member.name, in: path) {
          try index.append(member, archive: 0, in: path)
        }
      }
    }
    let order = index.entries.indices.sorted { index.names.precedes($0, $1) }
    index = index.permuted(order.map { UInt32($0) })
    try devkit.check(index.names, in: path)
    index.labels = devkit.labels
    return ArchiveDataset([file], index, classNames: devkit.classNames)
  }
}
