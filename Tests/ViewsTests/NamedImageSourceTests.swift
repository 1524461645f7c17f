import Foundation
import FunMatchDatasets
import FunMatchImages
import FunMatchTestSupport
import FunMatchViews
import Testing

struct NamedImageSourceTests {
  private let folder: TemporaryFolder
  private let preprocessing = EvaluationPreprocessing(resize: 16, crop: 12)

  init() throws {
    folder = try TemporaryFolder()
    for number in 0..<10 {
      let image = photograph(height: 20 + number, width: 24, seed: number)
      _ = try folder.write("\(number).png", image.pngData())
    }
    _ = try folder.write("broken.png", Array("junk".utf8))
  }

  private func source(
    _ names: [String], batchSize: Int, workers: Int = 3
  ) throws -> NamedImageSource {
    try NamedImageSource(
      NamedImages(names.map(folder.file)), preprocessing, batchSize: batchSize,
      options: LoaderOptions(workers: workers))
  }

  @Test func imagesAreThoseOfAnEvaluation() throws {
    let names = ["3.png", "broken.png", "0.png", "9.png", "none.png", "3.png", "1.png"]
    for (size, workers) in [(1, 1), (3, 2), (7, 4), (64, 1)] {
      let source = try source(names, batchSize: size, workers: workers)
      var (seen, failed): ([String], [String]) = ([], [])
      while let batch = try source.next() {
        #expect(batch.names.count <= size && batch.pixels.count == batch.names.count)
        let each = 12 * 12 * 3
        for (place, name) in batch.names.enumerated() {
          let pixels = Array(batch.pixels.array[place * each..<(place + 1) * each])
          seen.append(name)
          if let failure = batch.failures[place] {
            failed.append("\(failure)")
            #expect(pixels.allSatisfy { $0 == 0 })
          } else {
            let image = try ImageDecoder().decode(file: name)
            #expect(try pixels == preprocessing.apply(to: image).pixels)
          }
        }
      }
      #expect(seen == names.map(folder.file) && source.isOver)
      #expect(failed.count == 2 && failed[0].contains("broken.png: cannot decode"))
      #expect(failed[1].hasSuffix("none.png: cannot read the image: No such file or directory"))
      #expect(try source.next() == nil)
    }
  }

  /// A network is made for as many images as there are.
  @Test func theOnlyBatchIsKnownToBe() throws {
    let few = try source(["1.png", "2.png"], batchSize: 4)
    #expect(try few.next()?.names.count == 2 && few.isOver)
    let whole = try source(["1.png", "2.png"], batchSize: 2)
    #expect(try whole.next()?.names.count == 2 && whole.isOver)
    let more = try source(["1.png", "2.png", "3.png"], batchSize: 2)
    #expect(try more.next()?.names.count == 2 && !more.isOver)
  }

  /// A list that comes slowly is answered as far as it has come.
  @Test func nobodyWaitsForAWholeBatch() throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    defer { close(ends[0]) }
    let source = try NamedImageSource(
      NamedImages(["-"], input: ends[0]), preprocessing, batchSize: 4)
    func send(_ numbers: Range<Int>) {
      for number in numbers {
        let line = folder.file("\(number).png") + "\n"
        _ = line.withCString { write(ends[1], $0, strlen($0)) }
      }
    }
    var names: [String] = []
    for numbers in [0..<1, 1..<4, 4..<10] {
      send(numbers)
      while names.count < numbers.upperBound {
        names += try #require(try source.next()).names
        #expect(!source.isOver)
      }
    }
    close(ends[1])
    #expect(names == (0..<10).map { folder.file("\($0).png") })
    #expect(try source.next() == nil && source.isOver)
  }

  @Test func impossibleSizesAreRefused() throws {
    #expect(throws: ImageError.self) {
      try NamedImageSource(
        NamedImages([]), EvaluationPreprocessing(resize: 8, crop: 12), batchSize: 1)
    }
  }
}
