import Foundation
import FunMatchImages
import Testing

/// Pixels against those of big_vision (TensorFlow), for real photos.
@Suite(.enabled(if: Golden.directory != nil, "no golden fixtures; set FUNMATCH_GOLDEN"))
struct GoldenTests {
  @Test func thereArePhotos() {
    #expect(!Golden.photos.isEmpty)
  }

  @Test(arguments: Golden.photos)
  func decodedPixelsAreTensorFlows(_ photo: Golden.Photo) throws {
    let image = try ImageDecoder().decode(file: photo.path)
    #expect([image.height, image.width, 3] == photo.decodedShape)
    #expect(sha256(image.pixels) == photo.decodedSHA256)
  }

  @Test(arguments: Golden.photos)
  func cropsAreTensorFlows(_ photo: Golden.Photo) throws {
    let image = try ImageDecoder().decode(file: photo.path)
    let arrays = try photo.arrays()
    for (size, step, name) in [(128, 1, "crop128_u8"), (224, 2, "crop224_u8_s2")] {
      let kept = size / step
      let expected = try arrays[name].uint8()
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
        if name == "crop128_u8" {
          #expect(difference.largest == 0, "\(name) box \(k): \(difference)")
        }
      }
    }
  }

  @Test(arguments: Golden.photos)
  func evaluationViewsAreTensorFlows(_ photo: Golden.Photo) throws {
    let image = try ImageDecoder().decode(file: photo.path)
    let arrays = try photo.arrays()
    let scaled = try arrays["eval128"].float32().map { UInt8((($0 + 1) * 127.5).rounded()) }
    let small = try EvaluationPreprocessing(resize: 160, crop: 128).apply(to: image)
    #expect(Difference(small.pixels, scaled).largest == 0)
    let large = try EvaluationPreprocessing(resize: 256, crop: 224).apply(to: image)
    #expect(Difference(large.pixels, try arrays["eval224_u8"].uint8()).largest == 0)
    // The two steps by themselves, without the shortcut of computing only what is kept.
    #expect(try image.resizeSmall(160).centerCrop(128) == small)
  }

  @Test(arguments: Golden.photos.filter(\.isJPEG))
  func accurateDecodingIsAvailable(_ photo: Golden.Photo) throws {
    let image = try ImageDecoder(inverseDCT: .accurate).decode(file: photo.path)
    let view = try EvaluationPreprocessing(resize: 160, crop: 128).apply(to: image)
    let expected = try photo.arrays()["eval128_precise_u8"].uint8()
    #expect(Difference(view.pixels, expected).largest == 0)
  }

  @Test(arguments: Golden.photos)
  func truncatedPhotosAreRefused(_ photo: Golden.Photo) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: photo.path)))
    for share in [0.02, 0.3, 0.6, 0.95, 0.999] {
      let part = bytes.prefix(Int(Double(bytes.count) * share))
      #expect(throws: ImageError.self) { try ImageDecoder().decode(part, name: photo.file) }
    }
  }
}
