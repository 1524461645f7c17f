import FunMatchDatasets
import Testing

struct RegistryTests {
  @Test func knownDataSetsTellWhatTheyAre() {
    #expect(
      DatasetRegistry().cards.map(\.name)
        == [
          "flowers102", "pets", "food101", "sun397", "imagenet", "cifar10", "cifar100",
          "fashion-mnist",
        ])
    #expect(
      DatasetRegistry().card("flowers102")?.splits.map(\.name) == ["train", "validation", "test"])
    #expect(DatasetRegistry().card("nothing") == nil)
    for card in DatasetRegistry().cards {
      #expect(!card.splits.isEmpty && card.classes > 1 && !card.source.files.isEmpty)
      #expect(card.source.files.allSatisfy { $0.sha256.map { $0.count == 64 } ?? true })
      let archives = card.source.files.filter { $0.isArchive && $0.sha256 != nil }
      #expect(archives.allSatisfy { !$0.entries.isEmpty })
    }
  }

  @Test func publishedCountsAreKnownByAnyNameOfASplit() throws {
    func count(_ name: String, _ split: String) throws -> Int? {
      try #require(DatasetRegistry().card(name)).publishedCount(of: split)
    }
    for split in ["val", "validation"] { #expect(try count("imagenet", split) == 50_000) }
    for split in ["val", "validation", "test"] { #expect(try count("food101", split) == 25_250) }
    #expect(try count("flowers102", "val") == 1_020)
    #expect(try count("flowers102", "test") == 6_149)
    #expect(try count("imagenet", "test") == nil)
    #expect(try count("pets", "val") == nil)
    #expect(try count("sun397", "train-01") == nil)
  }

  @Test func aCommonFolderAloneIsNoDataSet() throws {
    let layout = try Layout()
    try layout.images(["images/a/1.jpg", "train/a/2.jpg", "val/a/3.jpg"])
    try layout.write("jpg/a", "")
    for name in ["pets", "food101", "imagenet", "imagenet:val", "flowers102"] {
      let error = #expect(throws: DatasetError.self) { try layout.open(name) }
      #expect(error?.isAbsence == true, "\(name): \(error?.description ?? "")")
    }
    // ImageNet's own folders are told by what is in them.
    try layout.images(["train/n01440764/1.JPEG"])
    layout.expectError("imagenet", "/train/a: expected only folders of classes")
    try layout.remove("train/a")
    #expect(try layout.open("imagenet").count == 1)
    // Named after the data set, what is missing is told.
    try layout.images(["pets/images/a.jpg"])
    layout.expectError("pets", "/pets/annotations/trainval.txt is missing")
  }

  @Test func anEarlierFolderComesFirst() throws {
    let (first, second) = (try Layout(), try Layout())
    try first.images(["train/n01440764/1.JPEG"])
    try second.images(["imagenet/train/n01440764/1.JPEG"])
    let registry = DatasetRegistry(
      dataFolder: first.path, environment: ["FUNMATCH_DATA": second.path])
    let images = try registry.open(DatasetReference("imagenet"))
    #expect(images.name(at: 0) == first.path + "/train/n01440764/1.JPEG")
  }

  @Test func namesOfClassesThatAreMadeUpAreToldFromOthers() throws {
    let layout = try Layout()
    try layout.images(["f/a/1.png"])
    try layout.write("x.tar", Tar.archive([("a.png", try picture()), ("a.cls", [0x30])]))
    for reference in ["tar:x.tar", "tar:x.tar[:1]"] {
      let images = try layout.open(reference)
      #expect(images.classNamesAreNumbers)
      #expect(try CachedDataset(images, mode: .bytes).classNamesAreNumbers)
    }
    #expect(try !layout.open("folder:f[:1]").classNamesAreNumbers)
  }

  @Test func unknownNamesAreRefusedWithTheKnownOnes() throws {
    let layout = try Layout()
    layout.expectError(
      "flowers", "'flowers'", "flowers102", "imagenet", "folder:PATH", "photos:PATH", "tar:PATH")
  }

  @Test func withoutAFolderTheOneOfFetchedDataIsSearched() {
    #expect(DatasetRegistry(environment: [:]).folders == ["data"])
    #expect(DatasetRegistry(environment: ["FUNMATCH_DATA": "a"]).folders == ["a"])
    #expect(
      DatasetRegistry(dataFolder: "b", environment: ["FUNMATCH_DATA": "a"]).folders == ["b", "a"])
  }
}
