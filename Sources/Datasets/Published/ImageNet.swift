/// ImageNet of the ILSVRC 2012 challenge, in folders or in the archives as they come.
enum ImageNet {
  static func open(_ split: String, _ folders: [String]) throws -> any Dataset {
    switch split {
    case "train":
      let folder = try find(["train", "ILSVRC2012_img_train.tar"], folders)
      let images = folder + "/train"
      guard Folder.isFolder(images) else {
        return try ImageNetArchive.train(folder + "/ILSVRC2012_img_train.tar")
      }
      return try labelled(images, Folder.entries(images)).mixed()
    case "validation":
      let folder = try find(["val", "validation", "ILSVRC2012_img_val.tar"], folders)
      let places = ["val", "validation"].map { folder + "/" + $0 }
      guard let images = places.first(where: Folder.isFolder) else {
        return try ImageNetArchive.validation(
          folder + "/ILSVRC2012_img_val.tar", ImageNetDevkit(beside: folder))
      }
      let entries = try Folder.entries(images)
      // By file names this is the challenge's own order, whichever way the images are laid out.
      guard !entries.contains(where: \.isFolder) else {
        return try labelled(images, entries).sortedByFileName()
      }
      let files = try ImageName.images(under: Array(images.utf8)).images
      let devkit = try ImageNetDevkit(beside: folder)
      try devkit.check(files, in: images)
      return FileDataset(
        root: images, files: files, labels: devkit.labels, classNames: devkit.classNames)
    default: throw DatasetCard.imagenet.unknown(split)
    }
  }

  private static func find(_ pieces: [String], _ folders: [String]) throws -> String {
    let places = DatasetPlaces(
      name: DatasetCard.imagenet.name, others: ["imagenet2012", "ILSVRC2012", "imagenet-1k"],
      pieces: pieces,
      advice: "the files have to be downloaded by hand from "
        + "https://image-net.org/download-images, after accepting the terms",
      isOwn: isOwn)
    return try places.find(in: folders)
  }

  /// Whether an archive, or a folder whose name is a common one, is of this data set.
  private static func isOwn(_ piece: String) -> Bool {
    guard Folder.isFolder(piece) else { return piece.hasSuffix(".tar") && Folder.exists(piece) }
    let entries = (try? Folder.entries(piece)) ?? []
    return entries.contains {
      $0.isFolder ? isClass($0.text) : $0.text.hasPrefix("ILSVRC2012_val_")
    }
  }

  private static func labelled(
    _ path: String, _ entries: [Folder.Entry]
  ) throws -> FileDataset {
    let folders = entries.filter(\.isFolder)
    guard !folders.isEmpty else {
      throw DatasetError("\(path): holds no folders of classes such as n01440764")
    }
    if let other = folders.first(where: { !isClass($0.text) }) {
      throw DatasetError(
        "\(path)/\(other.text): expected only folders of classes such as n01440764 here")
    }
    return try ImageFolder.labelled(path, entries)
  }

  /// Whether a name is one of WordNet's: `n` and eight digits.
  static func isClass(_ name: String) -> Bool { name.wholeMatch(of: /n[0-9]{8}/) != nil }
}

extension DatasetCard {
  static let imagenet = DatasetCard(
    name: "imagenet", summary: "ImageNet, ILSVRC 2012 (Russakovsky et al. 2015)",
    splits: [("train", 1_281_167), ("validation", 50_000)], classes: 1_000,
    source: DatasetSource(
      files: [
        DatasetSource.File(
          "ILSVRC2012_img_train.tar", size: 147_897_477_120,
          sha256: "b08200a27a8e34218a0e58fde36b0fe8f73bc377f4acea2d91602057c3ca45bb"),
        DatasetSource.File(
          "ILSVRC2012_img_val.tar", size: 6_744_924_160,
          sha256: "c7e06a6c0baccf06d8dbeb6577d71efff84673a5dbdd50633ab44f8ea0456ae0"),
        DatasetSource.File("ILSVRC2012_devkit_t12.tar.gz", isArchive: true),
      ],
      terms: "register at https://image-net.org/download-images, accept the terms, download the "
        + "files of ILSVRC 2012, unpack the development kit"), open: ImageNet.open)
}
