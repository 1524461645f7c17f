import FunMatchDatasets
import FunMatchImages
import FunMatchTestSupport
import Testing

struct MixedDatasetTests {
  private func pictures(_ seeds: Range<Int>, _ names: [String] = ["a", "b"]) -> PictureList {
    PictureList(
      seeds.map { photograph(height: 12, width: 16, seed: $0) }, classNames: names,
      label: { names.isEmpty ? nil : $0 % 2 })
  }

  @Test func imagesKeepTheirOrderNamesAndLabels() throws {
    let (first, second) = (pictures(0..<4), pictures(4..<7))
    let all = MixedDataset([first, second])
    #expect(all.count == 7 && all.parts == [0..<4, 4..<7] && all.classNames == ["a", "b"])
    for index in 0..<7 {
      let (part, place) = index < 4 ? (first, index) : (second, index - 4)
      #expect(all.name(at: index) == part.name(at: place))
      #expect(all.label(at: index) == part.label(at: place))
      let (image, wanted) = (try all.image(at: index), try part.image(at: place))
      #expect(image.pixels == wanted.pixels)
    }
  }

  @Test func labelsThatMeanDifferentThingsAreNone() {
    let other = MixedDataset([pictures(0..<2), pictures(0..<2, ["a", "c"])])
    #expect(other.classNames.isEmpty && other.label(at: 0) == nil)
    let partly = MixedDataset([pictures(0..<2), pictures(0..<2, [])])
    #expect(partly.classNames == ["a", "b"])
  }

  @Test func classesInAnotherOrderAreToldByTheirNames() throws {
    let parts = [pictures(0..<3), pictures(3..<7, ["b", "a"]), pictures(7..<9, [])]
    let all = MixedDataset(parts)
    #expect(all.classNames == ["a", "b"] && all.unlabelled == [2])
    let labels: [Int?] = [0, 1, 0, 1, 0, 1, 0, nil, nil]
    #expect((0..<9).map { all.label(at: $0) } == labels)
    #expect(try all.image(at: 4).pixels == parts[1].image(at: 1).pixels)

    // Fewer classes, more, other ones, one name for two.
    for names in [["b"], ["b", "a", "c"], ["b", "c"], ["b", "b"]] {
      let other = MixedDataset([pictures(0..<2), pictures(0..<2, names)])
      #expect(other.classNames.isEmpty && other.label(at: 0) == nil, "\(names)")
    }
  }

  @Test func filesCoverEveryImageOrNone() {
    let files = PictureList(
      (0..<5).map { photograph(height: 12, width: 16, seed: $0) }, shards: [0..<2, 2..<5])
    #expect(MixedDataset([pictures(0..<3), pictures(0..<2)]).shards.isEmpty)
    let mixed = MixedDataset([pictures(0..<2), files, pictures(0..<1)])
    #expect(mixed.shards == [0..<1, 1..<2, 2..<4, 4..<7, 7..<8])
    #expect(mixed.unlabelled == [1])
  }

  @Test func aSliceIsSpreadEvenly() {
    let slice = SpreadDataset(pictures(0..<10), count: 4)
    #expect(slice.count == 4)
    let all = pictures(0..<10)
    #expect((0..<4).map { slice.name(at: $0) } == [0, 2, 5, 7].map { all.name(at: $0) })
    #expect(SpreadDataset(all, count: 40).count == 10)
  }

  @Test func generatedImagesStandForPublishedDataSets() throws {
    let flowers = try GeneratedDataset(standingFor: DatasetReference("flowers102:train"))
    #expect(flowers.count == 1020 && flowers.classNames.count == 102)
    #expect(flowers.label(at: 103) == 1)
    let half = try GeneratedDataset(standingFor: DatasetReference("imagenet:train[:50%]"))
    #expect(half.count == 640_584)
    let image = try half.image(at: 640_583)
    #expect(image.height == 375 && image.width == 500)
    #expect(throws: DatasetError.self) {
      try GeneratedDataset(standingFor: DatasetReference("flowers102:tain"))
    }
    let photos = try GeneratedDataset(standingFor: DatasetReference("photos:/nowhere"))
    #expect(photos.label(at: 0) == nil)
  }
}
