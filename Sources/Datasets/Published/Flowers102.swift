/// Oxford Flowers 102 (Nilsback and Zisserman 2008).
enum Flowers102 {
  static func open(_ split: String, _ folders: [String]) throws -> any Dataset {
    guard
      let variable = ["train": "trnid", "validation": "valid", "test": "tstid"][split]
    else { throw DatasetCard.flowers102.unknown(split) }
    let places = DatasetPlaces(
      name: DatasetCard.flowers102.name,
      others: ["flowers-102", "oxford_flowers102", "102flowers"],
      pieces: ["jpg", "imagelabels.mat", "setid.mat"])
    let folder = try places.findAll(in: folders)
    let classes = try labels(folder + "/imagelabels.mat")
    let list = folder + "/setid.mat"
    guard let numbers = try MATFile(list)[variable].integers, !numbers.isEmpty else {
      throw DatasetError("\(list): '\(variable)' is no list of image numbers")
    }
    var images = try ListedImages(root: folder + "/jpg")
    for number in numbers {
      guard number >= 1, number <= classes.count else {
        throw DatasetError(
          "\(list): names image \(number), and imagelabels.mat has labels for 1 to \(classes.count)"
        )
      }
      let digits = String(number)
      let name = "image_" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
      try images.append((name + ".jpg").utf8, label: classes[number - 1], list: list)
    }
    return try images.dataset(names, list: list)
  }

  private static func labels(_ path: String) throws -> [Int] {
    guard let numbers = try MATFile(path)["labels"].integers,
      numbers.allSatisfy((1...names.count).contains)
    else {
      throw DatasetError("\(path): 'labels' are not classes from 1 to \(names.count)")
    }
    return numbers.map { $0 - 1 }
  }

  /// The flowers, by label.
  private static let names = [
    "pink primrose", "hard-leaved pocket orchid", "canterbury bells", "sweet pea",
    "english marigold", "tiger lily", "moon orchid", "bird of paradise", "monkshood",
    "globe thistle", "snapdragon", "colt's foot", "king protea", "spear thistle", "yellow iris",
    "globe-flower", "purple coneflower", "peruvian lily", "balloon flower", "giant white arum lily",
    "fire lily", "pincushion flower", "fritillary", "red ginger", "grape hyacinth", "corn poppy",
    "prince of wales feathers", "stemless gentian", "artichoke", "sweet william", "carnation",
    "garden phlox", "love in the mist", "mexican aster", "alpine sea holly", "ruby-lipped cattleya",
    "cape flower", "great masterwort", "siam tulip", "lenten rose", "barbeton daisy", "daffodil",
    "sword lily", "poinsettia", "bolero deep blue", "wallflower", "marigold", "buttercup",
    "oxeye daisy", "common dandelion", "petunia", "wild pansy", "primula", "sunflower",
    "pelargonium", "bishop of llandaff", "gaura", "geranium", "orange dahlia",
    "pink-yellow dahlia?", "cautleya spicata", "japanese anemone", "black-eyed susan", "silverbush",
    "californian poppy", "osteospermum", "spring crocus", "bearded iris", "windflower",
    "tree poppy", "gazania", "azalea", "water lily", "rose", "thorn apple", "morning glory",
    "passion flower", "lotus", "toad lily", "anthurium", "frangipani", "clematis", "hibiscus",
    "columbine", "desert-rose", "tree mallow", "magnolia", "cyclamen", "watercress", "canna lily",
    "hippeastrum", "bee balm", "ball moss", "foxglove", "bougainvillea", "camellia", "mallow",
    "mexican petunia", "bromelia", "blanket flower", "trumpet creeper", "blackberry lily",
  ]
}

extension DatasetCard {
  static let flowers102 = DatasetCard(
    name: "flowers102", summary: "Oxford Flowers 102 (Nilsback and Zisserman 2008)",
    splits: [("train", 1_020), ("validation", 1_020), ("test", 6_149)], classes: 102,
    source: DatasetSource(files: [
      DatasetSource.File(
        vgg + "102flowers.tgz", size: 344_862_509,
        sha256: "2d01ecc807db462958cfe3d92f57a8c252b4abd240eb955770201e45f783b246",
        isArchive: true, entries: ["jpg"]),
      DatasetSource.File(
        vgg + "imagelabels.mat", size: 502,
        sha256: "4903e94206bac23bf772aadf06451916df56b58fc483a62db32a97b82656651d"),
      DatasetSource.File(
        vgg + "setid.mat", size: 14_989,
        sha256: "46b8678f91fd95d3c8f4feab80d271a6c834a1dd896fe29fd3e6ad9ce5c8dccd"),
    ]), open: Flowers102.open)

  private static let vgg = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
}
