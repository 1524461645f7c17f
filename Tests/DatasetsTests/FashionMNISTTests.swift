import Foundation
import FunMatchDatasets
import FunMatchTestSupport
import Testing

/// On the real files, which `make setup` installs.
struct FashionMNISTTests {
  @Test func splitsAreWholeAndBalanced() throws {
    for (split, count) in [("train", 60_000), ("test", 10_000)] {
      let images = try DatasetRegistry().open(DatasetReference("fashion-mnist:\(split)"))
      #expect(images.count == count)
      #expect(images.classNames.count == 10)
      var labels = [Int](repeating: 0, count: 10)
      for index in 0..<count { labels[try #require(images.label(at: index))] += 1 }
      #expect(labels.allSatisfy { $0 == count / 10 })
    }
  }

  @Test func aReferenceWithoutASplitMeansTheUsualOne() throws {
    let reference = try DatasetReference("fashion-mnist")
    #expect(try DatasetRegistry().open(reference).count == 60_000)
    #expect(try DatasetRegistry().open(reference, usually: "test").count == 10_000)
  }

  @Test func grayIsReplicated() throws {
    let image = try DatasetRegistry().open(DatasetReference("fashion-mnist:test")).image(at: 0)
    #expect(image.height == 28 && image.width == 28)
    for pixel in stride(from: 0, to: image.pixels.count, by: 3) {
      #expect(Set(image.pixels[pixel..<pixel + 3]).count == 1)
    }
    // The first test image is an ankle boot: dark at the top, its values known from the file.
    #expect(image.pixels.reduce(0) { $0 + Int($1) } / 3 == 33_456)
  }

  @Test func imagesAreNamedByTheirFileAndNumber() throws {
    let images = try DatasetRegistry().open(DatasetReference("fashion-mnist:train"))
    #expect(images.name(at: 17) == "train-images-idx3-ubyte.gz#17")
  }

  @Test func damagedFilesAreRefusedByName() throws {
    let folder = try TemporaryFolder()
    let source = try FashionMNIST.folder(searching: [])
    let names = [
      "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "train-images-idx3-ubyte.gz",
      "train-labels-idx1-ubyte.gz",
    ]
    func fresh() throws {
      for name in names {
        try? FileManager.default.removeItem(atPath: folder.file(name))
        try FileManager.default.createSymbolicLink(
          atPath: folder.file(name), withDestinationPath: source + "/" + name)
      }
    }
    try fresh()
    #expect(try FashionMNIST(split: "test", searching: [folder.path]).count == 10_000)
    let labels = [UInt8](try Data(contentsOf: URL(fileURLWithPath: source + "/" + names[1])))
    for damaged in [Array(labels.dropLast(100)), Array("no gzip at all".utf8), []] {
      _ = try folder.write(names[1], damaged)
      let error = #expect(throws: DatasetError.self) {
        try FashionMNIST(split: "test", searching: [folder.path])
      }
      #expect(error?.description.contains(names[1]) == true)
    }
    try fresh()
    // Whole, but another file: the checksum must tell.
    _ = try folder.write(names[1], labels)
    try FileManager.default.removeItem(atPath: folder.file(names[1]))
    _ = try folder.write(
      String(names[1].dropLast(3)), [UInt8](repeating: 1, count: 10_008))
    let error = #expect(throws: DatasetError.self) {
      try FashionMNIST(split: "test", searching: [folder.path])
    }
    #expect(error?.description.contains("SHA-256") == true)
  }

  @Test func theFolderOfTorchvisionIsFound() throws {
    for place in ["FashionMNIST/raw", "fashion-mnist/FashionMNIST/raw", "fashion-mnist", "."] {
      let layout = try Layout()
      for name in ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3"] {
        try layout.write("\(place)/\(name)-ubyte", "")
      }
      try layout.write("\(place)/t10k-labels-idx1-ubyte.gz", "")
      let found = try FashionMNIST.folder(searching: [layout.path])
      #expect(found.hasPrefix(layout.path))
      #expect(FileManager.default.fileExists(atPath: found + "/t10k-labels-idx1-ubyte.gz"))
    }
  }

  @Test func unknownNamesAreRefusedWithTheKnownOnes() throws {
    for (text, word) in [
      ("mnist", "fashion-mnist"), ("fashion-mnist:validation", "train and test"),
      ("fashion-mnist:test[5000:5000]", "no images"),
    ] {
      let error = #expect(throws: DatasetError.self) {
        try DatasetRegistry().open(DatasetReference(text))
      }
      #expect(error?.description.contains(word) == true)
    }
  }
}
