import Foundation
import FunMatchDatasets
import FunMatchImages
import FunMatchViews

/// A data set: coloured stripes under noise, drawn when they are asked for. The classes are six
/// directions; period, phase, colours and a few degrees of the direction vary.
struct Stripes: Dataset {
  private static let side = 32
  private static let directions = 6

  let count: Int
  let classNames = (0..<directions).map { "\(180 / directions * $0) degrees" }
  /// Tells splits apart.
  private let seed: UInt64

  init(_ split: String) throws {
    let card = DatasetCard.stripes
    guard let place = card.splits.firstIndex(where: { $0.name == split }) else {
      throw card.unknown(split)
    }
    (count, seed) = (card.splits[place].count, UInt64(place))
  }

  func name(at index: Int) -> String { "stripes \(index)" }

  func label(at index: Int) -> Int? { index % Self.directions }

  /// Several threads read at the same time and in any order, so every image has a random source of
  /// its own.
  func open(_ index: Int, with reader: ImageReader) {
    var random = Philox(seed: seed, index, 0, 0)
    let direction = Double(index % Self.directions) + random.uniform(-0.3, 0.3)
    let angle = direction * .pi / Double(Self.directions)
    let frequency = 2 * .pi / random.uniform(4, 10)
    let phase = random.uniform(0, 2 * .pi)
    let colours = (0..<3).map { _ in (random.uniform(60, 195), random.uniform(-50, 50)) }
    reader.open(height: Self.side, width: Self.side) { pixels in
      for place in 0..<Self.side * Self.side {
        let (y, x) = (Double(place / Self.side), Double(place % Self.side))
        let wave = sin(frequency * (x * sin(angle) + y * cos(angle)) + phase)
        for (channel, (middle, contrast)) in colours.enumerated() {
          let value = middle + contrast * wave + random.uniform(-60, 60)
          pixels[3 * place + channel] = UInt8(min(max(value, 0), 255))
        }
      }
    }
  }
}

extension DatasetCard {
  /// `stripes:train`, `stripes:validation` and `stripes:test`; there are no files to look for.
  static let stripes = DatasetCard(
    name: "stripes", summary: "Coloured stripes of six directions under noise.",
    splits: [("train", 3000), ("validation", 600), ("test", 600)], classes: 6
  ) { split, _ in try Stripes(split) }
}
