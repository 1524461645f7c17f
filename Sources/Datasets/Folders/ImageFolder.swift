import FunMatchFiles
import FunMatchImages

/// Images that a user has sorted into folders, as torchvision reads them.
enum ImageFolder {
  private static let noImage = "file is no image by its name, and is left out"
  private static let noImages = "files are no images by their names, and are left out"

  /// One folder a class, in the order of `FileList.mixedOrder`; or images without labels, sorted by
  /// path, when there are no folders in it.
  ///
  /// - Throws: `DatasetError` when the folder, or the split's folder in it, is neither.
  static func open(_ path: String, split: String?) throws -> any Dataset {
    guard Folder.isFolder(path) else { throw DatasetError("\(path): is not a folder of images") }
    let entries = try Folder.entries(path)
    guard let split else {
      let folders = entries.filter(\.isFolder).map(\.text)
      let found = folders.filter(SplitNames.isUsual)
      // One such folder may be a class, and so may some others beside classes.
      if let first = found.first,
        found.count == folders.count
          || found.contains(where: SplitNames.isTraining) && found.count > 1
      {
        throw DatasetError(
          "\(path): holds the splits \(found.joined(separator: ", ")); name one, as in "
            + "folder:\(path):\(first)")
      }
      return try open(path, entries)
    }
    let folders = entries.filter(\.isFolder).map(\.text)
    guard let folder = SplitNames.find(split, among: folders) else {
      throw DatasetError(
        "\(path): has no folder '\(split)'; there "
          + (folders.isEmpty ? "are none" : "are " + folders.joined(separator: ", ")))
    }
    return try open(path + "/" + folder, Folder.entries(path + "/" + folder))
  }

  private static func open(_ path: String, _ entries: [Folder.Entry]) throws -> any Dataset {
    let image = try entries.first { try !$0.isFolder && ImageName.isImage($0.name, in: path) }
    let folder = entries.first(where: \.isFolder)
    switch (image, folder) {
    case (let image?, let folder?):
      throw DatasetError(
        "\(path): holds both images (\(image.text)) and folders (\(folder.text)); expected one "
          + "folder a class, or images only")
    case (_?, nil): return try photos(path)
    case (nil, _?): return try labelled(path, entries).mixed()
    case (nil, nil):
      throw DatasetError(
        "\(path): holds no images; expected one folder a class, or \(ImageFormat.list)")
    }
  }

  /// One folder a class, sorted by path; labels are the classes' places in bytewise order.
  ///
  /// - Throws: `DatasetError` when no class has images.
  static func labelled(_ path: String, _ entries: [Folder.Entry]) throws -> FileDataset {
    var files = FileList()
    var labels: [Int32] = []
    // By their bare names: a folder's slash would sort `a b` before `a`.
    let classes = entries.filter(\.isFolder).map { Array($0.name.dropLast()) }
      .sorted { $0.lexicographicallyPrecedes($1) }
    let names = classes.map { String(decoding: $0, as: UTF8.self) }
    let found = try Workers.map(count: names.count) { label in
      try ImageName.images(under: Array((path + "/").utf8) + classes[label])
    }
    var unread = UnreadFiles()
    for entry in entries where !entry.isFolder { unread.note("\(path)/\(entry.text)") }
    var remarks: [String] = []
    for (label, (images, others)) in found.enumerated() {
      unread.append(others)
      if images.count == 0 { remarks.append("class '\(names[label])' has no images") }
      for index in 0..<images.count {
        images.withBytes(at: index) { files.append(classes[label] + [UInt8(ascii: "/")], $0) }
      }
      labels += [Int32](repeating: Int32(label), count: images.count)
    }
    guard files.count > 0 else {
      throw DatasetError("\(path): none of its \(names.count) folders holds an image")
    }
    remarks += unread.remarks(noImage, noImages)
    return FileDataset(
      root: path, files: files, labels: labels, classNames: names, remarks: remarks)
  }

  /// All images under a folder, without labels, sorted by path, so that parts of one picture stay
  /// together.
  ///
  /// - Throws: `DatasetError` when there are none.
  static func photos(_ path: String) throws -> any Dataset {
    guard Folder.isFolder(path) else { throw DatasetError("\(path): is not a folder of images") }
    let (images, unread) = try ImageName.images(under: Array(path.utf8))
    guard images.count > 0 else {
      throw DatasetError("\(path): holds no images (\(ImageFormat.list))")
    }
    return FileDataset(
      root: path, files: images, remarks: unread.remarks(noImage, noImages))
  }
}
