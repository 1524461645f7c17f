import FunMatchImages
import FunMatchTestSupport
import FunMatchViews
import Testing

/// Boxes are distributed as the official sampler's (golden README, part 1).
struct BoxTests {
  private func percentiles(_ values: [Double], _ wanted: [Double]) -> [Double] {
    let sorted = values.sorted()
    return wanted.map { percent in
      let place = percent / 100 * Double(sorted.count - 1)
      let below = Int(place)
      let above = min(below + 1, sorted.count - 1)
      return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }
  }

  @Test func percentilesMatch() throws {
    let json = try Golden.json("boxes_distribution.json")
    let count = try #require(json["n"] as? Int)
    let wanted = try #require(json["percentiles"] as? [Double])
    let sizes = try #require(json["sizes"] as? [String: [String: Any]])
    try #require(!sizes.isEmpty)
    for (number, name) in sizes.keys.sorted().enumerated() {
      let expected = try #require(sizes[name])
      let height = try #require(expected["height"] as? Int)
      let width = try #require(expected["width"] as? Int)
      let boxes = (0..<count).map { draw in
        var random = Philox(seed: 1, 0, number, draw)
        return InceptionCrop.box(height: height, width: width, area: 0.05...1, using: &random)
      }
      let (h, w) = (Double(height), Double(width))
      let statistics: [String: (Box) -> Double] = [
        "area_fraction": { Double($0.height * $0.width) / (h * w) },
        "aspect_w_over_h": { Double($0.width) / Double($0.height) },
        "rel_center_x": { (Double($0.x) + Double($0.width) / 2) / w },
        "rel_center_y": { (Double($0.y) + Double($0.height) / 2) / h },
        "rel_height": { Double($0.height) / h },
      ]
      for (statistic, value) in statistics {
        let there = try #require(expected[statistic] as? [Double])
        for (a, b) in zip(percentiles(boxes.map(value), wanted), there) {
          #expect(abs(a - b) <= 0.02, "\(statistic) of \(name)")
        }
      }
      #expect(boxes.allSatisfy { $0.fits(height: height, width: width) })
      #expect(boxes.allSatisfy { $0.width == width || $0.x + $0.width < width })
    }
  }

  @Test func impossibleShapesGiveTheWholeImage() {
    var random = Philox(seed: 1, 0, 0, 0)
    let box = InceptionCrop.box(height: 4, width: 400, area: 0.05...1, using: &random)
    #expect(box == Box(y: 0, x: 0, height: 4, width: 400))
  }
}
