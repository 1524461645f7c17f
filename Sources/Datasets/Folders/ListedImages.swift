/// Puts together images that a data set's own lists name, with labels from their numbers or folders.
struct ListedImages {
  /// The folder that the names start from.
  let root: String
  /// What lies there, so that missing images are found without asking for each.
  private let present: FileList
  private var files = FileList()
  private var labels: [Int32] = []

  /// - Throws: `DatasetError` when the folder cannot be listed.
  init(root: String) throws {
    self.root = root
    present = try Folder.files(under: Array(root.utf8))
  }

  /// Adds the image `name` that `list` names.
  ///
  /// - Throws: `DatasetError` when there is no such file.
  mutating func append(_ name: some Collection<UInt8>, label: Int, list: String) throws {
    let name = Array(name)
    guard present.contains(name) else {
      throw DatasetError(
        "\(root)/\(String(decoding: name, as: UTF8.self)) is missing, which \(list) names")
    }
    files.append(name)
    labels.append(Int32(label))
  }

  /// The images in the order of `FileList.mixedOrder`.
  ///
  /// - Throws: `DatasetError` when there are none.
  func dataset(_ classNames: [String], list: String) throws -> any Dataset {
    guard files.count > 0 else { throw DatasetError("\(list): names no images") }
    return FileDataset(root: root, files: files, labels: labels, classNames: classNames).mixed()
  }
}
