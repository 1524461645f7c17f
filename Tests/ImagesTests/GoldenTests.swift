import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchImages
import FunMatchTestSupport
import Testing

/// Pixels against those of big_vision (TensorFlow), for real photos.
@Suite(.enabled(if: !Photo.all.isEmpty, "no golden photos; FUNMATCH_GOLDEN names their folder"))
struct GoldenTests {
  @Test(arguments: Photo.all)
  func decodedPixelsAreTensorFlows(_ photo: Photo) throws {
    let image = try ImageDecoder().decode(file: photo.path)
    #expect([image.height, image.width, 3] == photo.decodedShape)
    #expect(Checksum.sha256(of: image.pixels) == photo.decodedSHA256)
  }

  @Test(arguments: Photo.all)
  func cropsAreTensorFlows(_ photo: Photo) throws {
    let image = try ImageDecoder().decode(file: photo.path)
    for (size, step, name) in [(128, 1, "crop128_u8"), (224, 2, "crop224_u8_s2")] {
      let kept = size / step
      let expected: [UInt8] = try photo.array(name)
      for (k, box) in photo.boxes.enumerated() {
        let crop = image.resizeBilinear(
          box: Box(y: box[0], x: box[1], height: box[2], width: box[3]), height: size, width: size)
        let sampled = (0..<kept * kept).flatMap { i in
          let at = (i / kept * step * size + i % kept * step) * 3
          return crop.pixels[at..<at + 3]
        }
        let one = kept * kept * 3
        let difference = Difference(sampled, Array(expected[k * one..<(k + 1) * one]))
        // decode_and_crop_jpeg, behind crop224, differs by a few pixels at a crop's border.
        #expect(difference.identical >= 0.99, "\(name) box \(k): \(difference)")
        #expect(difference.mean <= 0.05, "\(name) box \(k): \(difference)")
      }
    }
  }

  @Test(arguments: Photo.all)
  func evaluationViewsAreTensorFlows(_ photo: Photo) throws {
    let image = try ImageDecoder().decode(file: photo.path)
    let range: [Float] = try photo.array("eval128")
    let scaled = range.map { UInt8((($0 + 1) * 127.5).rounded()) }
    let small = try EvaluationPreprocessing(resize: 160, crop: 128).apply(to: image)
    expectTensorFlows(Difference(small.pixels, scaled))
    let large = try EvaluationPreprocessing(resize: 256, crop: 224).apply(to: image)
    expectTensorFlows(Difference(large.pixels, try photo.array("eval224_u8")))
    // The two steps by themselves, without the shortcut of computing only what is kept.
    #expect(try image.resizeSmall(160).centerCrop(128) == small)
  }

  /// Another compiler may round a sum of the area filter differently; the golden README allows for it.
  private func expectTensorFlows(_ difference: Difference) {
    #expect(difference.identical >= 0.99 && difference.largest <= 1, "\(difference)")
  }

  @Test(arguments: Photo.all.filter(\.isJPEG))
  func accurateDecodingIsAvailable(_ photo: Photo) throws {
    let image = try ImageDecoder(inverseDCT: .accurate).decode(file: photo.path)
    let view = try EvaluationPreprocessing(resize: 160, crop: 128).apply(to: image)
    expectTensorFlows(Difference(view.pixels, try photo.array("eval128_precise_u8")))
  }

  @Test(arguments: Photo.all)
  func truncatedPhotosAreRefused(_ photo: Photo) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: photo.path)))
    for share in [0.02, 0.3, 0.6, 0.95, 0.999] {
      let part = bytes.prefix(Int(Double(bytes.count) * share))
      #expect(throws: ImageError.self) { try ImageDecoder().decode(part, name: photo.file) }
    }
  }
}
