/// Oxford-IIIT Pet (Parkhi et al. 2012).
enum Pets {
  static func open(_ split: String, _ folders: [String]) throws -> any Dataset {
    guard let list = ["train": "trainval.txt", "test": "test.txt"][split] else {
      throw DatasetCard.pets.unknown(split)
    }
    let places = DatasetPlaces(
      name: DatasetCard.pets.name, others: ["oxford-iiit-pet", "oxford_iiit_pet"],
      pieces: ["images", "annotations/trainval.txt", "annotations/test.txt"])
    let folder = try places.findAll(in: folders)
    // Both lists tell the names of the classes, whichever split is asked for.
    var names: [Int: String] = [:]
    var images = try ListedImages(root: folder + "/images")
    for file in ["trainval.txt", "test.txt"] {
      let path = folder + "/annotations/" + file
      for line in try TextFile.texts(path) where !line.hasPrefix("#") {
        let (image, breed, label) = try entry(line, path)
        guard names[label, default: breed] == breed else {
          throw DatasetError(
            "\(path): class \(label + 1) is \(breed) in the line '\(line)', and "
              + "\(names[label] ?? "") elsewhere")
        }
        names[label] = breed
        if file == list { try images.append((image + ".jpg").utf8, label: label, list: path) }
      }
    }
    let classNames = try (0..<names.count).map { label in
      guard let name = names[label] else {
        throw DatasetError("\(folder)/annotations: the lists have no image of class \(label + 1)")
      }
      return name
    }
    return try images.dataset(classNames, list: folder + "/annotations/" + list)
  }

  /// Reads a line such as `Abyssinian_100 1 1 1`: the image, its class from 1 on, and two more.
  private static func entry(
    _ line: String, _ path: String
  ) throws -> (image: String, breed: String, label: Int) {
    let words = line.split(separator: " ")
    guard words.count >= 2, let label = Int(words[1]), (1...65_535).contains(label),
      let end = words[0].lastIndex(of: "_"), end > words[0].startIndex
    else {
      throw DatasetError("\(path): the line '\(line)' is not 'BREED_NUMBER CLASS SPECIES BREED'")
    }
    return (String(words[0]), String(words[0][..<end]), label - 1)
  }
}

extension DatasetCard {
  static let pets = DatasetCard(
    name: "pets", summary: "Oxford-IIIT Pet (Parkhi et al. 2012)",
    splits: [("train", 3_680), ("test", 3_669)], classes: 37,
    source: DatasetSource(files: [
      DatasetSource.File(
        "https://thor.robots.ox.ac.uk/~vgg/data/pets/images.tar.gz", size: 791_918_971,
        sha256: "67195c5e1c01f1ab5f9b6a5d22b8c27a580d896ece458917e61d459337fa318d",
        isArchive: true, entries: ["images"]),
      DatasetSource.File(
        "https://thor.robots.ox.ac.uk/~vgg/data/pets/annotations.tar.gz", size: 19_173_078,
        sha256: "52425fb6de5c424942b7626b428656fcbd798db970a937df61750c0f1d358e91",
        isArchive: true, entries: ["annotations"]),
    ]), open: Pets.open)
}
