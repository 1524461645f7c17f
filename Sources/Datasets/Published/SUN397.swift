/// SUN397 (Xiao et al. 2010), in the splits of TensorFlow Datasets or in the official partitions.
enum SUN397 {
  private static let lists = [
    "train": "sun397_tfds_tr.txt", "validation": "sun397_tfds_va.txt",
    "test": "sun397_tfds_te.txt",
  ]

  static func open(_ split: String, _ folders: [String]) throws -> any Dataset {
    let name = try list(of: split)
    let places = DatasetPlaces(
      name: DatasetCard.sun397.name, pieces: ["SUN397"],
      advice: "`funmatch data fetch sun397` brings its lists and, from a mirror, its images")
    let folder = try places.find(in: folders)
    let homes = [folder, folder + "/SUN397", folder + "/Partitions"]
    func find(_ names: [String]) -> String? {
      homes.flatMap { home in names.map { home + "/" + $0 } }.first(where: Folder.exists)
    }
    guard let path = find([name]) else {
      throw DatasetError(
        "\(folder)/\(name) is missing, which tells the images of the split \(split); "
          + (lists[split] != nil
            ? "`funmatch data fetch sun397` brings TFDS's lists"
            : "it is in the official Partitions.zip, and has to lie beside SUN397"))
    }
    let lines = try TextFile.lines(path).map(bare)
    // Without their list, the classes are those of all of TFDS's lists that are here.
    let known =
      try find(["sun397_labels.txt", "ClassName.txt"]).map { try TextFile.lines($0).map(bare) }
      ?? Set(
        (try lists.values.sorted().compactMap { find([$0]) }.flatMap(TextFile.lines).map(bare)
          + lines).map(folderName)
      ).sorted { $0.lexicographicallyPrecedes($1) }
    let labels = Dictionary(zip(known, 0...), uniquingKeysWith: { first, _ in first })
    var images = try ListedImages(root: folder + "/SUN397")
    for line in lines {
      guard let label = labels[folderName(line)] else {
        throw DatasetError(
          "\(path): the line '\(String(decoding: line, as: UTF8.self))' is in no known class")
      }
      try images.append(line, label: label, list: path)
    }
    // `a/abbey` is shown as `abbey`: its first part only sorts the folders.
    return try images.dataset(
      known.map { String(decoding: $0.dropFirst(2), as: UTF8.self) }, list: path)
  }

  private static func list(of split: String) throws -> String {
    if let list = lists[split] { return list }
    if let match = split.wholeMatch(of: /(train|test)-(0[1-9]|10)/) {
      return (match.1 == "train" ? "Training_" : "Testing_") + match.2 + ".txt"
    }
    throw DatasetError(
      DatasetCard.sun397.unknown(split).description
        + "; those of the ten official partitions are train-01 to train-10, test-01 to test-10")
  }

  /// Lists write `/a/abbey/sun_x.jpg`.
  private static func bare(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    line.drop { $0 == UInt8(ascii: "/") }
  }

  private static func folderName(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    line[..<(line.lastIndex(of: UInt8(ascii: "/")) ?? line.startIndex)]
  }
}

extension DatasetCard {
  static let sun397 = DatasetCard(
    name: "sun397", summary: "SUN397 scenes (Xiao et al. 2010), in the splits of TFDS",
    splits: [("train", 76_128), ("validation", 10_875), ("test", 21_750)], classes: 397,
    source: DatasetSource(files: [
      DatasetSource.File(
        tfds + "sun397_tfds_tr.txt", size: 3_070_803,
        sha256: "764d9aa5c7b67a12b1a5ef784656a84f6a3a3cc0383ce9dc7acc59e3efd45791"),
      DatasetSource.File(
        tfds + "sun397_tfds_va.txt", size: 438_722,
        sha256: "0f5f5e56d4c10ea6dd64108980ce1fa3d0a5d92b61ef92530f34b6aa2dbaf192"),
      DatasetSource.File(
        tfds + "sun397_tfds_te.txt", size: 877_678,
        sha256: "e172ef48fe5e94e26b698b0cdc56d9e100ae072eeb44d2e9e9e5bc289337fccc"),
      DatasetSource.File(
        tfds + "sun397_labels.txt", size: 6_311,
        sha256: "5e24094d43e7ccec1cdb540f574a3a82de9f458a1bf681e3557d3c167123b594"),
      // Its server has stopped answering; last, so that the lists come in any case.
      DatasetSource.File(
        "https://vision.princeton.edu/projects/2010/SUN/SUN397.tar.gz", size: 39_077_296_924,
        sha256: "f404130965a7ad77bed5ececc71e720ab50f3cc1e1bb257257610d38f3b928ec",
        isArchive: true, entries: ["SUN397"]),
    ]), open: SUN397.open)

  private static let tfds =
    "https://raw.githubusercontent.com/tensorflow/datasets/master/tensorflow_datasets/"
    + "image_classification/"
}
