import Foundation
import FunMatchDatasets
import FunMatchImages
import FunMatchSettings
import FunMatchTestSupport
import FunMatchViews
import Testing

/// Images whose pixels tell which they are and where.
func numberedImages(_ count: Int = 10, broken: Set<Int> = [], shards: [Range<Int>] = [])
  -> PictureList
{
  let pictures = (0..<count).map { index in
    var pixels: [UInt8] = []
    for y in 0..<20 {
      for x in 0..<16 { pixels += [UInt8(index), UInt8(y * 10), UInt8(x * 10)] }
    }
    return PixelImage(height: 20, width: 16, pixels: pixels)
  }
  return PictureList(
    pictures, classNames: ["even", "odd"], broken: broken, shards: shards, label: { $0 % 2 })
}

/// A policy with something changed.
func policy(_ base: ViewPolicy = .funmatch, _ change: (inout ViewPolicy) -> Void) -> ViewPolicy {
  var policy = base
  change(&policy)
  return policy
}

struct BatchTests {
  private func source(
    _ policy: ViewPolicy = .funmatch, count: Int = 10, batch: Int = 4, student: Int = 12,
    teachers: [Int] = [], seed: UInt64 = 3, workers: Int = 2, broken: BrokenImages = .init(.fail),
    hurt: Set<Int> = []
  ) throws -> BatchSource {
    try BatchSource(
      numberedImages(count, broken: hurt), policy: policy, batchSize: batch, student: student,
      teachers: teachers, seed: seed, options: LoaderOptions(workers: workers, broken: broken))
  }

  /// What one of several processes draws is what one alone does, and it opens no other image.
  @Test func someRowsAreThoseOfTheWholeBatch() throws {
    let rows = [0, 4, 5, 7]
    let whole = try source(batch: 8, teachers: [10])
    let counter = ReadCounter(numberedImages(10))
    let part = try BatchSource(
      counter, policy: .funmatch, batchSize: 8, student: 12, teachers: [10], seed: 3, steps: 3,
      rows: rows, options: LoaderOptions(workers: 2))
    var wanted: Set<Int> = []
    for step in 0..<3 {
      let (all, some) = (try whole.batch(step), try part.batch(step))
      #expect(some.rows == rows && some.stepCount == 8 && some.count == 4)
      #expect(some.indices == rows.map { all.indices[$0] })
      #expect(some.labels == rows.map { all.labels[$0] })
      for size in [12, 10] {
        let drawn = try #require(some.student[size]).bytes
        let expected = try #require(all.student[size]).bytes
        let each = size * size * 3
        for (place, row) in rows.enumerated() {
          #expect(
            Array(drawn[place * each..<(place + 1) * each])
              == Array(expected[row * each..<(row + 1) * each]))
        }
      }
      #expect(some.place(of: 5) == 2 && some.place(of: 6) == nil && all.place(of: 6) == 6)
      wanted.formUnion(some.indices)
    }
    #expect(counter.opened == wanted)
  }

  @Test func everyEpochShowsEveryImageOnceAndBatchesCrossItsBorder() throws {
    let source = try source()
    var seen: [Int] = []
    for step in 0..<5 { seen += try source.batch(step).indices }
    #expect(seen.count == 20)
    #expect(seen[..<10].sorted() == Array(0..<10))
    #expect(seen[10...].sorted() == Array(0..<10))
    #expect(Array(seen[..<10]) != Array(seen[10...]))
  }

  @Test(arguments: [1, 2, 5])
  func aBatchDependsOnTheStepAlone(workers: Int) throws {
    let forward = try source(workers: 1)
    let batches = try (0..<6).map { try forward.batch($0) }
    // Backwards and with leaps, as a run that is resumed takes them.
    let other = try source(workers: workers)
    for step in [5, 4, 3, 2, 1, 0, 0, 3, 4, 5, 1, 2] {
      let batch = try other.batch(step)
      #expect(batch.student.mapValues(\.array) == batches[step].student.mapValues(\.array))
      #expect(batch.indices == batches[step].indices)
      #expect(batch.labels == batch.indices.map { $0 % 2 })
    }
    let different = try source(seed: 4).batch(0)
    #expect(different.student[12]?.array != batches[0].student[12]?.array)
  }

  @Test func anImageIsSeenDifferentlyInEveryEpoch() throws {
    let views = (0..<50).map {
      ViewPolicy.funmatch.view(height: 20, width: 16, size: 12, seed: 1, epoch: $0, index: 5)
    }
    #expect(Set(views.map { "\($0)" }).count > 40)
    let flips = (0..<2000).count {
      ViewPolicy.funmatch.view(height: 20, width: 16, size: 12, seed: 1, epoch: $0, index: 5).flip
    }
    #expect(abs(flips - 1000) < 140)
  }

  @Test func theSamePartIsSeenAtEveryResolution() throws {
    for crop in [
      Crop.inception(areaMin: 0.3, areaMax: 1), .random(resize: 16), .center(resize: 16), .whole,
    ] {
      let source = try source(
        policy { $0.crop = crop }, batch: 8, student: 8, teachers: [16, 16, 12])
      let batch = try source.batch(0)
      #expect(batch.student.keys.sorted() == [8, 12, 16])
      let small = try #require(batch.student[8]).array
      for size in [12, 16] {
        let large = try #require(batch.student[size]).array
        for image in 0..<8 {
          // Mean row and column coordinates of the part, which the second and third channel hold.
          for channel in 1...2 {
            func mean(_ pixels: [UInt8], _ size: Int) -> Double {
              let first = image * size * size
              var sum = 0
              for pixel in first..<first + size * size { sum += Int(pixels[pixel * 3 + channel]) }
              return Double(sum) / Double(size * size)
            }
            #expect(abs(mean(small, 8) - mean(large, size)) < 7)
          }
        }
      }
    }
  }

  @Test func centerCropsAreTheCenter() throws {
    let policy = policy(.sameInception) { ($0.crop, $0.flip) = (.center(resize: 16), false) }
    #expect(policy.mixup == 0)
    let view = policy.view(height: 16, width: 16, size: 12, seed: 1, epoch: 0, index: 0)
    #expect(view.geometry == .window(resize: 16, y: 2, x: 2, size: 12))
    #expect(view.box(in: Box(y: 0, x: 0, height: 32, width: 16)).y == 4)
  }

  /// A view drawn from only what it needs of a JPEG is the view drawn from all of it.
  @Test(arguments: ViewPolicy.paper.map(\.name))
  func partsAreEnoughForViews(_ name: String) throws {
    let policy = try #require(ViewPolicy.paper.first { $0.name == name })
    let image = try ImageDecoder().decode(photograph(height: 170, width: 211, seed: 3).jpegData())
    let file = try photograph(height: 170, width: 211, seed: 3).jpegData()
    let reader = ImageReader()
    for epoch in 0..<8 {
      let view = policy.view(
        height: 170, width: 211, size: 64, seed: 1, epoch: epoch, index: 0)
      for size in [32, 64, 150] {
        let reach = view.reach(in: image.bounds, size: size)
        let count = size * size * 3
        let drawn = try file.withUnsafeBytes { bytes in
          try reader.open(bytes: bytes)
          let part = try reader.part(reach)
          return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            view.render(
              part, size: size, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            initialized = count
          }
        }
        #expect(drawn == view.picture(of: image, size: size).pixels)
      }
    }
  }

  @Test func impossiblePoliciesAreRefused() throws {
    for change: (inout ViewPolicy) -> Void in [
      { $0.crop = .inception(areaMin: 0, areaMax: 1) },
      { $0.crop = .inception(areaMin: 0.5, areaMax: 0.4) },
      { $0.mixup = -1 }, { $0.teacher = .ensemble(0) },
    ] {
      #expect(throws: SettingsError.self) { try source(policy(.funmatch, change)) }
    }
    #expect(throws: ViewError.self) {
      try source(policy(.funmatch) { $0.crop = .random(resize: 8) })
    }
    #expect(throws: ViewError.self) { try source(batch: 0) }
    #expect(throws: ViewError.self) { try source(count: 0) }
    #expect(throws: ViewError.self) { try source(teachers: [0]) }
  }

  @Test(arguments: [1, 5])
  func aBrokenImageEndsTheRunOrIsReplacedByTheNext(workers: Int) throws {
    let strict = try source(batch: 10, workers: workers, hurt: [3, 4])
    let error = #expect(throws: ImageError.self) { try strict.batch(0) }
    // The one that comes first in the batch, whichever worker met its error first.
    let order = try source(batch: 10).batch(0).indices
    let first = try #require(order.first { [3, 4].contains($0) })
    #expect(error?.description == "picture \(first): cannot decode the image: broken")

    let broken = BrokenImages(.skip)
    let lenient = try source(batch: 10, workers: workers, broken: broken, hurt: [3, 4, 9])
    let batch = try lenient.batch(0)
    #expect(batch.indices == order.map { [3: 5, 4: 5, 9: 0][$0] ?? $0 })
    #expect(batch.labels == batch.indices.map { $0 % 2 })
    #expect(broken.count == 3)
    #expect(broken.takeReports().count == 3)
    #expect(broken.takeReports().isEmpty)
    let nothing = try source(broken: BrokenImages(.skip), hurt: Set(0..<10))
    #expect(throws: ImageError.self) { try nothing.batch(0) }
  }

  /// A run that reads logits from a bank must be shown the images that these were computed of.
  @Test func damageWhereTeachersLookCountsWithoutThem() throws {
    let folder = try TemporaryFolder()
    let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("ImagesTests/Fixtures/baseline.jpg")
    let bytes = [UInt8](try Data(contentsOf: fixture))
    for index in 0..<20 {
      let cut = index % 2 == 0 ? bytes.count : bytes.count * (60 + 2 * index) / 100
      _ = try folder.write("\(index).jpg", Array(bytes.prefix(cut)))
    }
    func indices(_ teachers: [Int], draws: Bool) throws -> [Int] {
      let source = try BatchSource(
        Files(folder: folder.path, count: 20), policy: .independentInception, batchSize: 40,
        student: 12, teachers: teachers, drawsTeachers: draws, seed: 5,
        options: LoaderOptions(workers: 2, broken: BrokenImages(.skip)))
      let batch = try source.batch(0)
      #expect(batch.teacher.isEmpty == (teachers.isEmpty || !draws))
      return batch.indices
    }
    let drawn = try indices([12], draws: true)
    #expect(try indices([12], draws: false) == drawn)
    // The student's own crops end above the damage of some.
    #expect(try indices([], draws: true) != drawn)
  }

  private struct Files: Dataset {
    let folder: String
    let count: Int
    var classNames: [String] { [] }
    func name(at index: Int) -> String { "\(index)" }
    func label(at index: Int) -> Int? { nil }
    func open(_ index: Int, with reader: ImageReader) throws {
      try reader.open(file: "\(folder)/\(index).jpg")
    }
  }

  @Test(arguments: [1, 3, 7], [1, 3])
  func viewsRepeatAfterAPeriod(period: Int, workers: Int) throws {
    let first = try source(workers: 1)
    let batches = try (0..<period).map { try first.batch($0) }
    // A period that ends within an epoch, with batches drawn ahead.
    for steps in [Array(0..<17), [16, 2, 9, 10, 11, 0]] {
      let repeating = try BatchSource(
        numberedImages(), policy: .funmatch, batchSize: 4, student: 12, seed: 3, steps: 17,
        period: period, options: LoaderOptions(workers: workers))
      for step in steps {
        let batch = try repeating.batch(step)
        #expect(batch.indices == batches[step % period].indices)
        #expect(
          batch.student.mapValues(\.array) == batches[step % period].student.mapValues(\.array))
      }
      #expect(throws: ViewError.self) { try repeating.batch(17) }
    }
    #expect(throws: ViewError.self) {
      try BatchSource(
        numberedImages(), policy: .funmatch, batchSize: 4, student: 12, seed: 3, period: 0)
    }
  }

  @Test func filesAreAnnouncedAgainWhenViewsRepeat() throws {
    let shards = stride(from: 0, to: 12_000, by: 2000).map { $0..<$0 + 2000 }
    let images = AnnouncedImages(count: 12_000, shards: shards)
    let source = try BatchSource(
      images, policy: .funmatch, batchSize: 1000, student: 8, seed: 1, period: 12)
    for step in 0..<24 { _ = try source.batch(step) }
    let told = images.ranges
    // How many are told of in an epoch.
    var (pass, left) = (0, 12_000)
    while left > 0 {
      left -= try #require(pass < told.count ? told[pass] : nil).count
      pass += 1
    }
    #expect(left == 0 && told.count >= 2 * pass)
    for (place, range) in told.enumerated() { #expect(range == told[place % pass]) }
  }

  @Test func filesAreVisitedNearlyInOrder() throws {
    let shards = [0..<6000, 6000..<9000, 9000..<12_000]
    var order = SampleOrder(count: 12_000, seed: 1, shards: shards)
    let visits = (0..<24_000).map { order.visit($0) }
    #expect(visits[..<12_000].map(\.index).sorted() == Array(0..<12_000))
    #expect(visits[..<12_000].map(\.index) != visits[12_000...].map(\.index))
    // Within a stretch only images that lie within a stretch of the files.
    for start in stride(from: 0, to: 12_000, by: SampleOrder.stretch) {
      let part = visits[start..<min(start + SampleOrder.stretch, 12_000)].map(\.index)
      #expect(part != part.sorted())
      let touched = shards.map { shard in part.filter { shard.contains($0) } }
      for files in touched where !files.isEmpty {
        #expect((files.max() ?? 0) - (files.min() ?? 0) < SampleOrder.stretch)
      }
    }
    // Files are announced stretch by stretch.
    let announced = AnnouncedImages(count: 12_000, shards: shards)
    let source = try BatchSource(
      announced, policy: .funmatch, batchSize: 1000, student: 8, seed: 1)
    for step in 0..<12 { _ = try source.batch(step) }
    let ranges = announced.ranges
    #expect(ranges.count <= 12)
    let first = ranges.flatMap { Array($0) }.prefix(SampleOrder.stretch)
    #expect(Set(first) == Set(visits[..<SampleOrder.stretch].map(\.index)))
    var again = SampleOrder(count: 12_000, seed: 1, shards: shards)
    #expect(again.visit(13_001) == visits[13_001])
  }
}

/// Remembers what it was told will be read.
private final class AnnouncedImages: Dataset, @unchecked Sendable {
  let count: Int
  let shards: [Range<Int>]
  var classNames: [String] { [] }
  private let lock = NSLock()
  private var told: [Range<Int>] = []

  init(count: Int, shards: [Range<Int>]) {
    self.count = count
    self.shards = shards
  }

  var ranges: [Range<Int>] { lock.withLock { told } }

  func willRead(_ images: Range<Int>) { lock.withLock { told.append(images) } }
  func name(at index: Int) -> String { "\(index)" }
  func label(at index: Int) -> Int? { nil }
  func open(_ index: Int, with reader: ImageReader) {
    reader.open(height: 8, width: 8) { $0.initialize(repeating: UInt8(index % 256)) }
  }
}
