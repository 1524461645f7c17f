/// The part of ImageNet's development kit that tells the classes of the validation images.
struct ImageNetDevkit {
  /// WordNet's names of the classes, sorted; a label is a place in them.
  let classNames: [String]
  /// Labels of the validation images 1, 2, ...
  let labels: [Int32]
  private let truth: String

  /// Reads the kit in a folder.
  ///
  /// - Throws: `DatasetError` when it is missing or damaged.
  init(beside folder: String) throws {
    let kit = folder + "/ILSVRC2012_devkit_t12"
    guard Folder.isFolder(kit) else {
      let archive = kit + ".tar.gz"
      throw DatasetError(
        Folder.exists(archive)
          ? "\(archive): has to be unpacked, it tells the classes of the validation images"
          : "\(kit) is missing, which tells the classes of the validation images; it is unpacked "
            + "from ILSVRC2012_devkit_t12.tar.gz")
    }
    let names = try Self.classes(kit + "/data/meta.mat")
    classNames = names.values.sorted()
    let places = Dictionary(zip(classNames, 0...), uniquingKeysWith: { first, _ in first })
    let truth = kit + "/data/ILSVRC2012_validation_ground_truth.txt"
    self.truth = truth
    labels = try TextFile.texts(truth).enumerated().map { number, line in
      guard let label = Int(line).flatMap({ names[$0] }).flatMap({ places[$0] }) else {
        throw DatasetError("\(truth): line \(number + 1), '\(line)', is no class of meta.mat")
      }
      return Int32(label)
    }
  }

  /// The classes by the challenge's numbers: those of the synsets in `meta.mat` that have no
  /// children.
  private static func classes(_ path: String) throws -> [Int: String] {
    guard case .records(let synsets) = try MATFile(path)["synsets"] else {
      throw DatasetError("\(path): 'synsets' are no records")
    }
    var names: [Int: String] = [:]
    for synset in synsets {
      guard let number = synset["ILSVRC2012_ID"]?.integer, let name = synset["WNID"]?.string,
        let children = synset["num_children"]?.integer
      else {
        throw DatasetError(
          "\(path): a synset lacks ILSVRC2012_ID, WNID or num_children")
      }
      if children == 0 { names[number] = name }
    }
    return names
  }

  /// Whether sorted images are exactly those that the kit has labels for.
  ///
  /// - Throws: `DatasetError` that names an image which is missing or too much.
  func check(_ images: FileList, in place: String) throws {
    for number in 0..<max(labels.count, images.count) {
      let digits = String(number + 1)
      let expected =
        "ILSVRC2012_val_" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
        + ".JPEG"
      if number < images.count, number < labels.count, images[number] == expected { continue }
      if number < labels.count, !images.contains(Array(expected.utf8)) {
        throw DatasetError("\(place)/\(expected) is missing, whose class \(truth) tells")
      }
      throw DatasetError("\(place)/\(images[number]): \(truth) tells no class of it")
    }
    guard images.count > 0 else { throw DatasetError("\(place): holds no images") }
  }
}
