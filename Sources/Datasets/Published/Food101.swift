/// Food-101 (Bossard et al. 2014).
enum Food101 {
  static func open(_ split: String, _ folders: [String]) throws -> any Dataset {
    let lists = ["train": "train.txt", "validation": "test.txt"]
    guard let list = lists[split] else { throw DatasetCard.food101.unknown(split) }
    let places = DatasetPlaces(
      name: DatasetCard.food101.name, others: ["food-101"],
      pieces: ["images", "meta/classes.txt", "meta/train.txt", "meta/test.txt"])
    let folder = try places.findAll(in: folders)
    let classes = try TextFile.lines(folder + "/meta/classes.txt").map { Array($0) }
    let labels = Dictionary(zip(classes, 0...), uniquingKeysWith: { first, _ in first })
    let path = folder + "/meta/" + list
    var images = try ListedImages(root: folder + "/images")
    for line in try TextFile.lines(path) {
      guard let slash = line.firstIndex(of: UInt8(ascii: "/")),
        let label = labels[Array(line[..<slash])]
      else {
        throw DatasetError(
          "\(path): the line '\(String(decoding: line, as: UTF8.self))' is not 'CLASS/NUMBER' with "
            + "a class of classes.txt")
      }
      try images.append(line + Array(".jpg".utf8), label: label, list: path)
    }
    return try images.dataset(classes.map { String(decoding: $0, as: UTF8.self) }, list: path)
  }
}

extension DatasetCard {
  static let food101 = DatasetCard(
    name: "food101", summary: "Food-101 (Bossard et al. 2014)",
    splits: [("train", 75_750), ("validation", 25_250)], classes: 101,
    // The published name of what TFDS and the paper's recipes call validation.
    aliases: ["test": "validation"],
    source: DatasetSource(files: [
      DatasetSource.File(
        "http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz", size: 4_996_278_331,
        sha256: "d97d15e438b7f4498f96086a4f7e2fa42a32f2712e87d3295441b2b6314053a4",
        isArchive: true, entries: ["food-101"])
    ]), open: Food101.open)
}
