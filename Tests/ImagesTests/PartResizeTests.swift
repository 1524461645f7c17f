import FunMatchImages
import FunMatchTestSupport
import Testing

/// What a resize says it reads is enough, and neither strips nor instruction sets show in the result.
struct PartResizeTests {
  private func resized(
    _ part: PixelPart, _ box: Box, _ height: Int, _ width: Int, _ window: Box, _ flip: Bool
  ) -> [UInt8] {
    let count = window.height * window.width * 3
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      part.resizeBilinear(
        box: box, height: height, width: width, window: window, flip: flip,
        into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      initialized = count
    }
  }

  @Test(arguments: [(7, 9), (40, 64), (224, 224), (300, 700), (1, 1)])
  func bilinearFromAPartIsThatFromTheWhole(_ size: (Int, Int)) throws {
    let image = noise(height: 90, width: 130)
    var random = SystemlessRandom(seed: 8)
    for _ in 0..<20 {
      let h = 1 + random.index(below: 90)
      let w = 1 + random.index(below: 130)
      let box = Box(
        y: random.index(below: 91 - h), x: random.index(below: 131 - w), height: h, width: w)
      let wh = 1 + random.index(below: size.0)
      let ww = 1 + random.index(below: size.1)
      let window = Box(
        y: random.index(below: size.0 - wh + 1), x: random.index(below: size.1 - ww + 1),
        height: wh, width: ww)
      let flip = random.index(below: 2) == 1
      let reach = box.bilinearReach(height: size.0, width: size.1, window: window)
      let reader = ImageReader()
      reader.open(height: 90, width: 130) { _ = $0.initialize(from: image.pixels) }
      let part = resized(try reader.part(reach), box, size.0, size.1, window, flip)
      let whole = image.withPart { resized($0, box, size.0, size.1, window, flip) }
      #expect(part == whole)
      // The same by resizing all and cutting afterwards.
      let all = image.resizeBilinear(box: box, height: size.0, width: size.1)
      let cut = all.crop(window)
      #expect(whole == (flip ? cut.flippedHorizontally() : cut).pixels)
    }
  }

  /// Sixteen values at a time are computed where the processor can, one pixel at a time elsewhere. A
  /// resize that shrinks by more than three takes the other way, as do windows of few columns with
  /// their neighbours far apart.
  @Test func everyWayOfComputingGivesTheSame() {
    let image = noise(height: 64, width: 2000, seed: 4)
    for width in [100, 300, 590, 700, 2000, 4100] {
      let whole = image.resizeBilinear(box: image.bounds, height: 32, width: width)
      for x in stride(from: 0, to: width, by: max(width / 40, 1)) {
        let window = Box(y: 0, x: x, height: 32, width: 1)
        let column = image.withPart { resized($0, image.bounds, 32, width, window, false) }
        #expect(column == whole.crop(window).pixels)
      }
    }
  }
}
