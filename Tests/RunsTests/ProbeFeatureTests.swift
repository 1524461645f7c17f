import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchFiles
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchRecipes
import FunMatchRuns
import FunMatchTestSupport
import FunMatchTorch
import FunMatchViews
import Testing

/// Features of views, where they are kept, and which images are taken.
struct ProbeFeatureTests {
  /// Gives the pixels themselves, or what is not finite of images whose first pixel is white.
  private final class PixelNetwork: Classifier {
    let classes: Int
    let parameterCount: Int? = nil
    let breaks: Bool
    private(set) var passes = 0

    init(side: Int, breaks: Bool = false) { (classes, self.breaks) = (3 * side * side, breaks) }

    func multiplyAccumulates(height: Int, width: Int) -> Int? { nil }
    func freeze(on device: Device, _ precision: DType) {}
    func callAsFunction(_ images: Tensor, _ mode: Mode) -> Tensor {
      passes += 1
      let pixels = images.contiguous.reshaped([images.shape[0], classes])
      guard breaks else { return pixels }
      let first = pixels.narrowed(1, 0..<1)
      return pixels + (Tensor.ones(first.shape) - first).log() * 0
    }
  }

  private static let side = 8
  private let folder: TemporaryFolder
  private let pictures: PictureList

  init() throws {
    folder = try TemporaryFolder()
    pictures = PictureList(
      (0..<7).map { photograph(height: 8 + $0, width: 10, seed: $0) }, classNames: ["a", "b"]
    ) { $0 % 2 }
  }

  private func extractor(
    _ network: PixelNetwork, batchSize: Int = 3
  ) -> FeatureExtractor {
    FeatureExtractor(
      network, precision: .f32, EvaluationPreprocessing(resize: 8, crop: 8), batchSize: batchSize,
      device: .cpu, loading: LoaderOptions(workers: 2))
  }

  private func rows(
    _ views: FeatureExtractor.Views, batchSize: Int = 3
  ) throws -> Tensor {
    var parts: [Tensor] = []
    var counts: [Int] = []
    try extractor(PixelNetwork(side: Self.side), batchSize: batchSize).run(
      pictures, views, show: { counts.append($0) }, shouldStop: { false }
    ) { parts.append($0) }
    #expect(counts.last == 7 * views.count && counts == counts.sorted())
    return .concatenated(parts)
  }

  @Test func everyImageIsFollowedByItsMirrorImage() throws {
    let size = Self.side * Self.side * 3
    let both = try rows(.init(flip: true, crops: 0)).reshaped([7, 2, 3, 8, 8])
    let whole = try rows(.init(flip: false, crops: 0)).reshaped([7, 1, 3, 8, 8])
    #expect(maximumDifference(both.narrowed(1, 0..<1), whole) == 0)
    let (one, other) = (
      both.narrowed(1, 0..<1).contiguous.array(as: Float.self),
      both.narrowed(1, 1..<2).contiguous.array(as: Float.self)
    )
    for place in 0..<7 * size {
      #expect(other[place] == one[place - place % 8 + 7 - place % 8])
    }
    #expect(one != other)
    // As an evaluation prepares it.
    let source = try EvaluationSource(
      pictures, EvaluationPreprocessing(resize: 8, crop: 8), batchSize: 7)
    let seen = Batch.scaled(try source.batch(0).pixels, device: .cpu)
    #expect(maximumDifference(whole.reshaped([7, 3, 8, 8]), seen) == 0)
  }

  @Test func cropsDoNotDependOnTheBatch() throws {
    let views = FeatureExtractor.Views(flip: true, crops: 3)
    #expect(views.count == 5)
    let all = try rows(views, batchSize: 3)
    #expect(all.shape == [35, 192])
    for batchSize in [1, 2, 5, 64] {
      #expect(maximumDifference(try rows(views, batchSize: batchSize), all) == 0)
    }
    let plain = try rows(.init(flip: true, crops: 0)).reshaped([7, 2, 192])
    #expect(maximumDifference(all.reshaped([7, 5, 192]).narrowed(1, 0..<2), plain) == 0)
    let crops = all.reshaped([7, 5, 192]).narrowed(1, 2..<5).contiguous.array(as: Float.self)
    // Others for every image and number.
    #expect(
      Set(stride(from: 0, to: crops.count, by: 192).map { Array(crops[$0..<$0 + 192]) }).count == 21
    )
  }

  @Test func featuresThatAreNotFiniteNameTheImage() throws {
    var pixels = photograph(height: 8, width: 8, seed: 1).pixels
    pixels[0] = 255
    let white = PixelImage(height: 8, width: 8, pixels: pixels)
    let images = PictureList([photograph(height: 8, width: 8, seed: 2), white])
    let error = #expect(throws: RecipeError.self) {
      try extractor(PixelNetwork(side: Self.side, breaks: true)).run(
        images, .init(flip: false, crops: 0), show: { _ in }, shouldStop: { false }
      ) { _ in }
    }
    #expect(
      error?.description.contains("picture 1: the network gives features that are infinite") == true
    )
    #expect(throws: CancellationError.self) {
      try extractor(PixelNetwork(side: Self.side)).run(
        images, .init(flip: false, crops: 0), show: { _ in }, shouldStop: { true }
      ) { _ in }
    }
  }

  @Test func whatIsKeptIsUsedUnlessItIsDamaged() throws {
    let cache = FeatureCache(folder: folder.file("kept"))
    let values = Tensor((0..<24).map { Float($0) }, shape: [6, 4])
    var (computed, said) = (0, [String]())
    func table(_ key: [String]) throws -> (table: FeatureTable, wasKept: Bool) {
      try cache.table(key, images: 3, views: 2, width: 4, say: { said.append($0) }) { take in
        computed += 1
        try take(values.narrowed(0, 0..<4))
        try take(values.narrowed(0, 4..<6))
      }
    }
    let first = try table(["a"])
    #expect(!first.wasKept && first.table.rows == 6)
    #expect(maximumDifference(try first.table.read(0..<6), values) == 0)
    #expect(maximumDifference(try first.table.read(3..<5), values.narrowed(0, 3..<5)) == 0)
    #expect(try table(["a"]).wasKept && computed == 1)
    #expect(try !table(["b"]).wasKept && computed == 2)
    #expect(said.isEmpty)
    // A single bit, a lost end, a lost file, a description of something else.
    let file = try #require(
      try FileManager.default.contentsOfDirectory(atPath: cache.folder).sorted().first {
        $0.hasSuffix(".f32") && $0.hasPrefix(String(Checksum.sha256(of: "a").prefix(32)))
      })
    let path = "kept/features/" + file
    var bytes = try folder.bytes(path)
    bytes[17] ^= 1
    for damaged in [bytes, bytes.dropLast(), []] {
      _ = try folder.write(path, Array(damaged))
      #expect(try !table(["a"]).wasKept)
      #expect(maximumDifference(try table(["a"]).table.read(0..<6), values) == 0)
    }
    #expect(computed == 5 && said.count == 3)
    #expect(
      said.allSatisfy {
        $0.contains(file) && $0.hasSuffix("is damaged, and its features are computed anew")
      })
    try FileManager.default.removeItem(atPath: folder.file(path))
    #expect(try !table(["a"]).wasKept && computed == 6)
    let description = path.replacingOccurrences(of: ".f32", with: ".json")
    _ = try folder.write(description, try folder.bytes(description).dropLast(9))
    #expect(try !table(["a"]).wasKept && computed == 7)
  }

  @Test func whatFailsLeavesNothing() throws {
    struct Stop: Error {}
    let cache = FeatureCache(folder: folder.file("kept"))
    #expect(throws: Stop.self) {
      try cache.table(["a"], images: 1, views: 1, width: 2, say: { _ in }) { take in
        try take(.zeros([1, 2]))
        throw Stop()
      }
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: cache.folder)
    #expect(left.allSatisfy { $0.hasSuffix(".lock") }, "\(left)")
    // Where nothing can be written, how to choose another place is said.
    let error = #expect(throws: FileError.self) {
      try FeatureCache(folder: "/dev/null/cache").table(
        ["a"], images: 1, views: 1, width: 2, say: { _ in }
      ) { try $0(.zeros([1, 2])) }
    }
    #expect(error?.description.contains("FUNMATCH_CACHE") == true)
  }

  private func labelled(
    _ count: Int, _ names: [String], _ label: @escaping @Sendable (Int) -> Int?
  ) -> PictureList {
    let picture = photograph(height: 8, width: 8, seed: 1)
    return PictureList(
      [PixelImage](repeating: picture, count: count), classNames: names, label: label)
  }

  @Test func aFifthIsHeldOutByName() throws {
    let all = labelled(1000, ["a", "b", "c"]) { $0 < 2 ? 2 : $0 % 2 }
    let images = try ProbeImages(all, called: "set")
    let (training, validation) = (images.training, images.validation)
    #expect(training.labels.count + validation.labels.count == 1000)
    // 200 expected, with a deviation of 13.
    #expect((140...260).contains(validation.labels.count))
    let out = (0..<validation.labels.count).map { validation.dataset.localName(at: $0) }
    for name in out {
      // The name's first byte decides but for one in 256: 0x33 33 … is a fifth.
      #expect(Checksum.sha256(of: name) < String(repeating: "3", count: 64))
    }
    #expect(
      Set(out).isDisjoint(
        with: (0..<training.labels.count).map { training.dataset.localName(at: $0) }))
    // A class of two keeps one at least.
    #expect(Set(training.labels) == [0, 1, 2] && images.classes == 3)
    for place in 0..<20 {
      #expect(training.dataset.label(at: place) == training.labels[place])
    }
    // Whatever else is there.
    let fewer = try ProbeImages(labelled(900, ["a", "b"]) { $0 % 2 }, called: "set")
    let kept = (0..<fewer.validation.labels.count).map {
      fewer.validation.dataset.localName(at: $0)
    }
    #expect(Set(kept).subtracting(out).isSubset(of: ["picture 0", "picture 1"]))
  }

  @Test func imagesThatNothingCanBeLearntFromAreRefused() throws {
    func refusal(_ images: PictureList, _ validation: PictureList? = nil) -> String? {
      let error = #expect(throws: RecipeError.self) {
        try ProbeImages(
          images, called: "set", validation: validation.map { (dataset: $0, name: "other") })
      }
      return error?.description
    }
    #expect(refusal(labelled(9, []) { _ in nil })?.contains("set: has no labels") == true)
    #expect(
      refusal(labelled(9, ["a", "b"]) { $0 > 6 ? nil : $0 % 2 })?.contains(
        "set: 2 of 9 images have no label, such as picture 7") == true)
    #expect(refusal(labelled(9, ["a"]) { _ in 0 })?.contains("has one class, 'a'") == true)
    #expect(
      refusal(labelled(9, ["a", "b", "c"]) { $0 == 0 ? 2 : 0 })?.contains(
        "2 classes have fewer than two images: 'b' 0, 'c' 1; expected at least two") == true)
    let good = labelled(40, ["a", "b"]) { $0 % 2 }
    #expect(
      refusal(good, labelled(4, ["a", "b", "c"]) { $0 % 3 })?.contains(
        "other: 1 of its 3 classes is none of those of set: 'c'") == true)
    #expect(refusal(good, labelled(4, []) { _ in nil })?.contains("other: has no labels") == true)
    #expect(refusal(labelled(2, ["a", "b"]) { $0 })?.contains("fewer than two") == true)
    // Classes in another order are found by their names, and one that is not measured is told.
    let images = try ProbeImages(
      good, called: "set", validation: (dataset: labelled(4, ["b", "a"]) { $0 % 2 }, name: "other"))
    #expect(images.validation.labels == [1, 0, 1, 0])
    let some = try ProbeImages(
      good, called: "set", validation: (dataset: labelled(4, ["b"]) { _ in 0 }, name: "other"))
    #expect(some.validation.labels == [1, 1, 1, 1])
    #expect(some.remarks.contains { $0.contains("other: lacks 1 of 2 classes: a") })
  }
}
