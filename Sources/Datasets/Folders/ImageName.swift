import FunMatchImages

/// What file names say about images.
enum ImageName {
  private static let readable = endings { $0.isDecoded }
  private static let others = endings { !$0.isDecoded }.union(["ppm", "jp2", "jxl"])

  private static func endings(_ isWanted: (ImageFormat) -> Bool) -> Set<String> {
    Set(ImageFormat.allCases.filter(isWanted).flatMap(\.endings))
  }

  /// What follows the last dot, in lower case.
  private static func ending(_ name: some BidirectionalCollection<UInt8>) -> String {
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")) else { return "" }
    return String(decoding: name[name.index(after: dot)...], as: UTF8.self).lowercased()
  }

  /// Whether a file is an image that can be decoded, by what follows a dot of its name.
  static func isReadable(ending: String) -> Bool { readable.contains(ending) }

  /// Whether a file is a JPEG or PNG, beside which an image of another format may be anything, such as a mask, by what
  /// follows a dot of its name.
  static func isUsual(ending: String) -> Bool {
    [ImageFormat.jpeg, .png].contains { $0.endings.contains(ending) }
  }

  /// Whether a file is an image of a kind that cannot be decoded, by what follows a dot of its name.
  static func isOther(ending: String) -> Bool { others.contains(ending) }

  /// Whether a file is an image, of whatever kind.
  static func isAnyImage(_ name: some BidirectionalCollection<UInt8>) -> Bool {
    let ending = ending(name)
    return readable.contains(ending) || others.contains(ending)
  }

  /// Whether a file is an image.
  ///
  /// - Throws: `DatasetError` when it is one of a kind that cannot be decoded, so that none is left
  ///   out unnoticed.
  static func isImage(
    _ name: some BidirectionalCollection<UInt8>, in folder: String
  ) throws -> Bool {
    let ending = ending(name)
    guard !others.contains(ending) else { throw undecodable(Array(name), in: folder) }
    return readable.contains(ending)
  }

  /// The error about an image of a kind that cannot be decoded.
  static func undecodable(_ name: [UInt8], in folder: String) -> DatasetError {
    DatasetError(
      "\(folder)/\(String(decoding: name, as: UTF8.self)): only \(ImageFormat.list) "
        + "images can be decoded; convert it or move it away")
  }

  /// The images among the files under a folder, and the others.
  ///
  /// - Throws: `DatasetError` as `isImage` and `Folder.files` do.
  static func images(
    under folder: [UInt8]
  ) throws -> (images: FileList, unread: UnreadFiles) {
    let files = try Folder.files(under: folder)
    let place = String(decoding: folder, as: UTF8.self)
    var images = FileList()
    var unread = UnreadFiles()
    for index in 0..<files.count {
      try files.withBytes(at: index) { name in
        if try isImage(name, in: place) {
          images.append([], name)
        } else {
          unread.note("\(place)/\(String(decoding: name, as: UTF8.self))")
        }
      }
    }
    return (images, unread)
  }
}
