import FunMatchDatasets
import FunMatchTestSupport
import Testing

struct ImageNetTests {
  private static let classes = ["n01440764", "n02100735", "n02119789"]
  private static let training = classes.flatMap { name in
    (0..<5).map { "\(name)/\(name)_\($0).JPEG" }
  }

  private func validation(_ number: Int) -> String { "ILSVRC2012_val_0000000\(number).JPEG" }

  private func addDevkit(_ layout: Layout, _ mat: String = "compressed") throws {
    try layout.copy("\(mat)/meta.mat", to: "imagenet/ILSVRC2012_devkit_t12/data/meta.mat")
    try layout.write(
      "imagenet/ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt", "2\n1\n3\n2\n")
  }

  @Test func foldersAndTheArchiveOfArchivesAreTheSameTrainingSet() throws {
    let folders = try Layout()
    try folders.images(Self.training.map { "imagenet/train/" + $0 })
    let archive = try Layout()
    // In no order of their own, as nothing promises one.
    let inner = try Self.classes.reversed().map { name in
      (
        name + ".tar",
        Tar.archive(
          try Self.training.filter { $0.hasPrefix(name) }.map {
            (String($0.dropFirst(name.count + 1)), try picture())
          })
      )
    }
    try archive.write("ILSVRC2012/ILSVRC2012_img_train.tar", Tar.archive(inner))
    let (first, second) = (try folders.open("imagenet"), try archive.open("imagenet:train"))
    let names = first.names(after: folders.path + "/imagenet/train/")
    #expect(names.sorted() == Self.training)
    #expect(names != Self.training)
    #expect(
      second.names(after: archive.path + "/ILSVRC2012/ILSVRC2012_img_train.tar/") == names)
    #expect(first.classNames == Self.classes)
    #expect(second.classNames == Self.classes)
    #expect(first.labels == second.labels)
    #expect(first.labels == names.map { name in Self.classes.firstIndex { name.hasPrefix($0) } })
    #expect(try second.image(at: 14).pixels == [7, 7, 7])
  }

  @Test func allThreeLayoutsAreTheSameValidationSet() throws {
    let labels = [0, 2, 1, 0]
    let sorted = try Layout()
    for (index, label) in labels.enumerated() {
      try sorted.images(["imagenet/val/\(Self.classes[label])/\(validation(index + 1))"])
    }
    let flat = try Layout()
    try flat.images((1...4).map { "imagenet/val/" + validation($0) })
    try addDevkit(flat)
    let archive = try Layout()
    try archive.write(
      "imagenet/ILSVRC2012_img_val.tar",
      Tar.archive(try [3, 1, 2, 4].map { (validation($0), try picture(UInt8($0))) }))
    try addDevkit(archive, "plain")
    for layout in [sorted, flat, archive] {
      for reference in ["imagenet:validation", "imagenet:val"] {
        let images = try layout.open(reference)
        #expect(images.labels == labels)
        #expect(images.classNames == Self.classes)
        for index in 0..<4 { #expect(images.name(at: index).hasSuffix(validation(index + 1))) }
      }
      #expect(try layout.registry.open(DatasetReference("imagenet"), usually: "test").count == 4)
    }
    #expect(try archive.open("imagenet:val").image(at: 2).pixels == [3, 3, 3])
  }

  @Test func whatIsMissingIsNamed() throws {
    let layout = try Layout()
    layout.expectError("imagenet", "ILSVRC2012_img_train.tar", "https://image-net.org", "terms")
    try layout.images([1, 2, 4].map { "imagenet/val/" + validation($0) })
    layout.expectError("imagenet:val", "ILSVRC2012_devkit_t12 is missing")
    try layout.write("imagenet/ILSVRC2012_devkit_t12.tar.gz", "")
    layout.expectError("imagenet:val", "ILSVRC2012_devkit_t12.tar.gz: has to be unpacked")
    try addDevkit(layout)
    layout.expectError("imagenet:val", validation(3) + " is missing", "ground_truth")
    try layout.images([3, 5].map { "imagenet/val/" + validation($0) })
    layout.expectError("imagenet:val", validation(5), "no class")
    try layout.remove("imagenet/val/" + validation(5))
    #expect(try layout.open("imagenet:val").count == 4)
    let truth = "imagenet/ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt"
    // Number 4 is a synset with children, which is no class.
    for line in ["4", "9", "x"] {
      try layout.write(truth, "1\n2\n\(line)\n1\n")
      layout.expectError("imagenet:val", "line 3, '\(line)'")
    }
    try layout.copy(
      "plain/setid.mat", to: "imagenet/ILSVRC2012_devkit_t12/data/meta.mat")
    layout.expectError("imagenet:val", "meta.mat", "synsets")
    try layout.remove(truth)
    try addDevkit(layout)
    try layout.remove(truth)
    layout.expectError("imagenet:val", "ground_truth.txt is missing")
  }

  @Test func otherLayoutsAreRefused() throws {
    let layout = try Layout()
    try layout.images(["imagenet/train/tench/1.JPEG"])
    layout.expectError("imagenet", "/train/tench", "n01440764")
    try layout.remove("imagenet/train/tench")
    layout.expectError("imagenet", "/train: holds no folders")
    try layout.remove("imagenet/train")
    for (members, word) in [
      ([("n01440764.tar", Tar.archive([("a.txt", [])]))], "n01440764.tar holds no images"),
      ([("a.JPEG", try picture())], "holds a.JPEG"), ([], "holds no classes"),
      ([("n01440764.tar", try picture())], "n01440764.tar"),
    ] {
      try layout.write("imagenet/ILSVRC2012_img_train.tar", Tar.archive(members))
      layout.expectError("imagenet", "ILSVRC2012_img_train.tar", word)
    }
    layout.expectError("imagenet:test", "train and validation")
  }

  /// Records and texts of MATLAB files, which no other data set has.
  @Test(arguments: ["plain", "compressed"])
  func hostileSynsetsDoNoHarm(mat: String) throws {
    let layout = try Layout()
    try layout.images((1...4).map { "imagenet/val/" + validation($0) })
    try addDevkit(layout)
    let bytes = try Fixture.bytes("\(mat)/meta.mat")
    for position in 128..<bytes.count {
      for value in [0, 0x7f, 0xff, bytes[position] &+ 1] {
        var damaged = bytes
        damaged[position] = value
        try layout.write("imagenet/ILSVRC2012_devkit_t12/data/meta.mat", damaged)
        do {
          _ = try layout.open("imagenet:val")
        } catch let error as DatasetError {
          #expect(error.description.contains("meta.mat"))
        }
      }
    }
  }
}
