import FunMatchDatasets
import Testing

struct RegistryTests {
  @Test func knownDataSetsTellWhatTheyAre() {
    #expect(
      DatasetRegistry.names
        == [
          "flowers102", "pets", "food101", "sun397", "imagenet", "cifar10", "cifar100",
          "fashion-mnist",
        ])
    #expect(DatasetRegistry.splits(of: "flowers102") == ["train", "validation", "test"])
    #expect(DatasetRegistry.splits(of: "nothing") == [])
    for card in DatasetRegistry.known {
      #expect(!card.splits.isEmpty && card.classes > 1 && !card.source.files.isEmpty)
      #expect(card.source.files.allSatisfy { $0.sha256.map { $0.count == 64 } ?? true })
    }
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
