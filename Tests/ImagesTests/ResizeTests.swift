import Foundation
import FunMatchImages
import Testing

/// Resizing and cropping on images small enough to be worked out by hand or by plain code.
struct ResizeTests {
  /// Gray values, one row, as an RGB image.
  private func row(_ values: [UInt8]) -> PixelImage {
    PixelImage(height: 1, width: values.count, pixels: values.flatMap { [$0, $0, $0] })
  }

  private func red(_ image: PixelImage) -> [UInt8] {
    stride(from: 0, to: image.pixels.count, by: 3).map { image.pixels[$0] }
  }

  @Test func bilinearUsesHalfPixelCentresAndTruncates() {
    let image = row([0, 100])
    let four = image.resizeBilinear(box: image.bounds, height: 1, width: 4)
    #expect(red(four) == [0, 25, 75, 100])
    let three = row([0, 101]).resizeBilinear(box: image.bounds, height: 1, width: 3)
    #expect(red(three) == [0, 50, 101])
  }

  @Test func bilinearDoesNotAntialias() {
    // Eight to two: positions 1.5 and 5.5, nothing else is seen.
    let image = row([255, 10, 20, 255, 255, 30, 40, 255])
    #expect(red(image.resizeBilinear(box: image.bounds, height: 1, width: 2)) == [15, 35])
  }

  @Test func bilinearNeverLooksOutsideTheBox() {
    let image = row([255, 10, 20, 255])
    let box = Box(y: 0, x: 1, height: 1, width: 2)
    #expect(red(image.resizeBilinear(box: box, height: 1, width: 4)) == [10, 12, 17, 20])
  }

  @Test func bilinearEqualsThePlainFormula() {
    let image = noise(height: 23, width: 17)
    for (box, height, width) in [
      (image.bounds, 7, 9), (image.bounds, 40, 31), (image.bounds, 23, 17), (image.bounds, 1, 1),
      (Box(y: 3, x: 5, height: 11, width: 4), 16, 16),
      (Box(y: 22, x: 16, height: 1, width: 1), 3, 2),
      (Box(y: 10, x: 9, height: 13, width: 8), 5, 20),
    ] {
      let result = image.resizeBilinear(box: box, height: height, width: width)
      let expected = plainBilinear(image, box, height, width)
      #expect(result.pixels == expected)
      let flipped = image.resizeBilinear(box: box, height: height, width: width, flip: true)
      #expect(flipped == result.flippedHorizontally())
      #expect(flipped.flippedHorizontally() == result)
    }
  }

  private func plainBilinear(_ image: PixelImage, _ box: Box, _ height: Int, _ width: Int)
    -> [UInt8]
  {
    func tap(_ i: Int, _ input: Int, _ output: Int) -> (Int, Int, Float) {
      let at = (Float(i) + 0.5) * (Float(input) / Float(output)) - 0.5
      return (max(Int(floor(at)), 0), min(Int(ceil(at)), input - 1), at - floor(at))
    }
    func value(_ y: Int, _ x: Int, _ c: Int) -> Float {
      Float(image.pixels[((box.y + y) * image.width + box.x + x) * 3 + c])
    }
    var result: [UInt8] = []
    for i in 0..<height {
      let (top, bottom, down) = tap(i, box.height, height)
      for j in 0..<width {
        let (left, right, across) = tap(j, box.width, width)
        for c in 0..<3 {
          let upper = value(top, left, c)
          let lower = value(bottom, left, c)
          let first = upper + (value(top, right, c) - upper) * across
          let second = lower + (value(bottom, right, c) - lower) * across
          result.append(UInt8(first + (second - first) * down))
        }
      }
    }
    return result
  }

  @Test func batchesAreFilledInPlace() throws {
    let image = noise(height: 20, width: 30)
    let box = Box(y: 2, x: 3, height: 15, width: 20)
    let evaluation = EvaluationPreprocessing(resize: 10, crop: 8)
    let one = 8 * 8 * 3
    var batch = [UInt8](repeating: 77, count: 4 * one)
    try batch.withUnsafeMutableBufferPointer { bytes in
      image.withPart {
        $0.resizeBilinear(
          box: box, height: 8, width: 8, flip: true, into: .init(rebasing: bytes[one..<2 * one]))
      }
      let reader = ImageReader()
      reader.open(height: 20, width: 30) { _ = $0.initialize(from: image.pixels) }
      try evaluation.apply(to: reader, into: .init(rebasing: bytes[2 * one..<3 * one]))
    }
    let crop = image.resizeBilinear(box: box, height: 8, width: 8, flip: true)
    #expect(Array(batch[one..<2 * one]) == crop.pixels)
    #expect(Array(batch[2 * one..<3 * one]) == (try evaluation.apply(to: image).pixels))
    #expect(batch[..<one].allSatisfy { $0 == 77 } && batch[(3 * one)...].allSatisfy { $0 == 77 })
  }

  @Test func areaAveragesAndTruncates() {
    #expect(red(row([10, 20, 30, 41]).resizeArea(height: 1, width: 2)) == [15, 35])
    // Three to two: (10 + 20 / 2) / 1.5 and (20 / 2 + 60) / 1.5.
    #expect(red(row([10, 20, 60]).resizeArea(height: 1, width: 2)) == [13, 46])
  }

  @Test func areaUpsamplingIsNearlyNearest() {
    #expect(red(row([10, 20]).resizeArea(height: 1, width: 4)) == [10, 10, 20, 20])
    // The last sum falls short of 20 by one float32 rounding, and truncation makes that 19.
    #expect(red(row([10, 20]).resizeArea(height: 1, width: 3)) == [10, 15, 19])
  }

  @Test func resizeSmallRoundsHalfToEven() {
    for (height, width, size, expected) in [
      (4, 10, 2, (2, 5)), (4, 9, 2, (2, 4)), (4, 11, 2, (2, 6)), (11, 4, 2, (6, 2)),
      (143, 211, 160, (160, 236)), (5, 5, 3, (3, 3)),
    ] {
      let image = noise(height: height, width: width).resizeSmall(size)
      #expect(image.height == expected.0 && image.width == expected.1)
    }
  }

  @Test func cropsAreExact() throws {
    let image = noise(height: 5, width: 7)
    let part = image.crop(Box(y: 1, x: 2, height: 3, width: 4))
    for y in 0..<3 {
      for i in 0..<12 {
        #expect(part.pixels[y * 12 + i] == image.pixels[(1 + y) * 21 + 6 + i])
      }
    }
    #expect(try image.centerCrop(4) == image.crop(Box(y: 0, x: 1, height: 4, width: 4)))
    #expect(throws: ImageError.self) { try image.centerCrop(6) }
  }

  @Test func boxesFromOutsideAreChecked() {
    let image = noise(height: 5, width: 7)
    #expect(throws: Never.self) { try image.check(Box(y: 0, x: 0, height: 5, width: 7)) }
    for box in [
      Box(y: 0, x: 0, height: 6, width: 7), Box(y: 0, x: 1, height: 5, width: 7),
      Box(y: -1, x: 0, height: 2, width: 2), Box(y: 0, x: 0, height: 0, width: 2),
      Box(y: 1, x: 1, height: .max, width: 1), Box(y: .max, x: 0, height: .max, width: 1),
    ] {
      let error = #expect(throws: ImageError.self) { try image.check(box) }
      #expect(error?.kind == .geometry)
    }
  }

  @Test func evaluationLeavesTheRightSizeAlone() throws {
    let image = noise(height: 12, width: 12)
    #expect(try EvaluationPreprocessing(resize: 12, crop: 12).apply(to: image) == image)
    let wide = noise(height: 12, width: 20)
    #expect(
      try EvaluationPreprocessing(resize: 12, crop: 8).apply(to: wide) == wide.centerCrop(8))
  }

  @Test(arguments: [(40, 60), (60, 40), (9, 13), (31, 31), (200, 1)])
  func evaluationEqualsItsTwoSteps(_ size: (Int, Int)) throws {
    let image = noise(height: size.0, width: size.1)
    let evaluation = EvaluationPreprocessing(resize: 16, crop: 13)
    #expect(try evaluation.apply(to: image) == image.resizeSmall(16).centerCrop(13))
  }

  @Test func extremeShapesTakeNoMemory() throws {
    // Resized as a whole this would be 256 x 16,776,960 pixels.
    let image = noise(height: 1, width: 65535)
    let view = try EvaluationPreprocessing(resize: 256, crop: 224).apply(to: image)
    #expect(view.height == 224 && view.width == 224)
  }

  @Test func evaluationSizesAreChecked() {
    let image = noise(height: 12, width: 12)
    for (resize, crop) in [(8, 9), (8, 0), (0, 0), (-4, -5)] {
      #expect(throws: ImageError.self) {
        try EvaluationPreprocessing(resize: resize, crop: crop).apply(to: image)
      }
    }
  }
}
