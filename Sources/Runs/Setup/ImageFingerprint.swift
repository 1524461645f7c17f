import FunMatchDatasets
import FunMatchFiles
import FunMatchImages

/// What must be the same for what was computed of images to be of use again: names and sizes of all, the contents of some,
/// spread evenly. Wherever they lie.
enum ImageFingerprint {
  /// Number of images, and a checksum.
  static func line(of images: any Dataset, _ decoder: ImageDecoder) -> String {
    var words: [UInt8] = []
    func add(_ text: some StringProtocol) { words += Array(text.utf8) + [0] }
    for index in 0..<images.count {
      add(images.localName(at: index))
      add(String(images.encodedSize(at: index) ?? -1))
    }
    let reader = ImageReader(decoder)
    let samples = min(images.count, 256)
    for sample in 0..<samples {
      let index = sample * images.count / samples
      let content = try? images.read(index, with: reader) { image -> String in
        if let encoded = image.encoded { return Checksum.sha256(of: encoded) }
        return Checksum.sha256(of: try image.image().pixels)
      }
      add(content ?? "broken")
    }
    return "\(images.count) images, \(Checksum.sha256(of: words))"
  }
}
