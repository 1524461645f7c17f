import ArgumentParser
import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchFiles
import FunMatchImages
import FunMatchSettings
import FunMatchViews

/// `funmatch bench input`: from the bytes of images to random inception crops.
struct BenchInput: RegistryCommand {
  static let configuration = CommandConfiguration(
    commandName: "input",
    abstract:
      "Measure drawing a random inception crop of every image, on one core and by the loader.")

  @Option(help: "Images, such as photos:PATH; without it, made-up ones of 500 x 375 pixels.")
  var data: String?

  @Option(help: "Side of the crops in pixels.")
  var resolution = 224

  @Option(help: "Images that are measured, evenly spread over the data set.")
  var count = 512

  @Option(help: "Rounds over them, after one that is not measured; the fastest counts.")
  var rounds = 3

  @Flag(help: "Write one JSON object as the last line.")
  var json = false

  @OptionGroup var images: DataOptions

  @OptionGroup var loading: LoadingOptions

  func validate() throws {
    guard (1...8192).contains(resolution), (1...100_000).contains(count),
      (1...1000).contains(rounds)
    else { throw ValidationError("a size or the number of rounds is out of range") }
  }

  private struct Result: Encodable {
    /// On one core: microseconds an image, and images a second.
    var decodeMicroseconds = 0.0
    var resizeMicroseconds = 0.0
    var imagesPerSecondPerCore = 0.0
    /// Shares of the time of one core.
    var decodeShare = 0.0
    var resizeShare = 0.0
    /// By the loader with so many workers, in batches.
    var loaderImagesPerSecond = 0.0
    var workers = 0
    var images = 0
    var bytesPerImage = 0.0
    var pixelsPerImage = 0.0
  }

  func run(_ registry: Registry) throws {
    let dataset = try MemoryImages(files(registry))
    var result = Result()
    result.images = dataset.count
    result.bytesPerImage =
      Double(dataset.files.reduce(0) { $0 + $1.count }) / Double(dataset.count)
    var best = Times()
    for round in 0...rounds {
      let times = try draw(dataset, epoch: round, &result)
      if round == 1 || (round > 1 && times.whole < best.whole) { best = times }
    }
    let number = Double(dataset.count)
    result.decodeMicroseconds = best.decode / number * 1e6
    result.resizeMicroseconds = best.resize / number * 1e6
    result.imagesPerSecondPerCore = number / best.whole
    result.decodeShare = best.decode / best.whole
    result.resizeShare = best.resize / best.whole
    result.workers = loading.threads
    result.loaderImagesPerSecond = try load(dataset)
    print(
      String(
        format: "%.0f images/s on one core: decoding %.0f us (%.0f %%), resizing %.0f us (%.0f %%)",
        result.imagesPerSecondPerCore, result.decodeMicroseconds, 100 * result.decodeShare,
        result.resizeMicroseconds, 100 * result.resizeShare))
    print(
      String(
        format:
          "%.0f images/s by the loader with %d workers; %d images of %.0f kB, %.2f megapixels",
        result.loaderImagesPerSecond, result.workers, result.images, result.bytesPerImage / 1e3,
        result.pixelsPerImage / 1e6))
    if json { print(try JSONText.line(result)) }
  }

  private struct Times {
    var decode = 0.0
    var resize = 0.0
    var whole = 0.0
  }

  private func draw(_ dataset: MemoryImages, epoch: Int, _ result: inout Result) throws -> Times {
    let reader = ImageReader()
    let policy = ViewPolicy.sameInception
    var times = Times()
    var pixels = 0
    let side = resolution
    try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: side * side * 3) { target in
      let begin = ContinuousClock.now
      for index in 0..<dataset.count {
        let start = ContinuousClock.now
        try dataset.open(index, with: reader)
        let bounds = Box(y: 0, x: 0, height: reader.height, width: reader.width)
        pixels += bounds.height * bounds.width
        let view = policy.view(
          height: bounds.height, width: bounds.width, size: side, seed: 0, epoch: epoch,
          index: index)
        let part = try reader.part(view.reach(in: bounds, size: side))
        let middle = ContinuousClock.now
        view.render(part, size: side, into: target)
        times.decode += start.duration(to: middle).seconds
        times.resize += middle.duration(to: .now).seconds
      }
      times.whole = begin.duration(to: .now).seconds
    }
    result.pixelsPerImage = Double(pixels) / Double(dataset.count)
    return times
  }

  /// Images a second by the loader.
  private func load(_ dataset: MemoryImages) throws -> Double {
    let batch = min(64, dataset.count)
    let source = try BatchSource(
      dataset, policy: .sameInception, batchSize: batch, student: resolution, seed: 0,
      options: LoaderOptions(workers: loading.threads))
    _ = try source.batch(0)
    let steps = max(rounds * dataset.count / batch, 4)
    let start = ContinuousClock.now
    for step in 1...steps { _ = try source.batch(step) }
    return Double(steps * batch) / start.duration(to: .now).seconds
  }

  /// The encoded images, in memory so that no disk is measured.
  private func files(_ registry: Registry) throws -> [[UInt8]] {
    guard let data else { return try (0..<min(count, 64)).map { try Self.madeUp($0) } }
    let dataset = try images.datasets(registry).open(DatasetReference(data))
    let number = min(count, dataset.count)
    let reader = ImageReader()
    return try (0..<number).map { place in
      try dataset.read(place * dataset.count / number, with: reader) { image in
        guard let encoded = image.encoded else {
          throw DatasetError("\(data): holds pixels, not image files")
        }
        return Array(encoded)
      }
    }
  }

  /// Something like a photograph: large smooth shapes, fine texture, a little noise.
  private static func madeUp(_ index: Int) throws -> [UInt8] {
    var random = Philox(seed: 1, index, 0, 0)
    let (height, width) = (375, 500)
    var values = [Double](repeating: 0, count: height * width * 3)
    for octave in 0..<6 {
      let cell = 256 >> octave
      let (rows, columns) = (height / cell + 2, width / cell + 2)
      let grid = (0..<rows * columns * 3).map { _ in random.uniform(-1, 1) }
      let strength = 70 * Foundation.pow(0.55, Double(octave))
      for y in 0..<height {
        for x in 0..<width {
          let (fy, fx) = (Double(y) / Double(cell), Double(x) / Double(cell))
          let (gy, gx) = (Int(fy), Int(fx))
          let (ty, tx) = (fy - Double(gy), fx - Double(gx))
          for channel in 0..<3 {
            func at(_ y: Int, _ x: Int) -> Double { grid[(y * columns + x) * 3 + channel] }
            let top = at(gy, gx) * (1 - tx) + at(gy, gx + 1) * tx
            let bottom = at(gy + 1, gx) * (1 - tx) + at(gy + 1, gx + 1) * tx
            values[(y * width + x) * 3 + channel] += strength * (top * (1 - ty) + bottom * ty)
          }
        }
      }
    }
    let pixels = values.map { UInt8(min(max(128 + $0 + random.uniform(-6, 6), 0), 255)) }
    return try PixelImage(height: height, width: width, pixels: pixels).jpegData(quality: 90)
  }
}

/// Encoded images in memory that does not change.
private final class MemoryImages: Dataset, @unchecked Sendable {
  let files: [[UInt8]]
  private let memory: [UnsafeRawBufferPointer]
  var count: Int { files.count }
  var classNames: [String] { [] }

  init(_ files: [[UInt8]]) {
    self.files = files
    memory = files.map { file in
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: file.count, alignment: 16)
      copy.copyBytes(from: file)
      return UnsafeRawBufferPointer(copy)
    }
  }

  deinit { for file in memory { file.deallocate() } }

  func name(at index: Int) -> String { "image \(index)" }
  func label(at index: Int) -> Int? { nil }
  func open(_ index: Int, with reader: ImageReader) throws { try reader.open(bytes: memory[index]) }
}
