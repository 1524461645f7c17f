import FunMatchDatasets
import FunMatchFiles
import FunMatchImages

/// What a run was trained and measured on, kept in its folder: with other images or other classes it does not go on.
struct DataIdentity: Codable, Equatable {
  /// One data set.
  struct Images: Codable, Equatable {
    let count: Int
    let classNames: [String]
    /// SHA-256 of the names and labels of all images, in order.
    let names: String
    /// That of the sizes of some, and of the contents of a few of them.
    let contents: String

    init(_ dataset: any Dataset, _ decoder: ImageDecoder) {
      (count, classNames) = (dataset.count, dataset.classNames)
      var words: [UInt8] = []
      for index in 0..<dataset.count {
        words += Array(dataset.localName(at: index).utf8) + [0]
        words += Array("\(dataset.label(at: index) ?? -1)".utf8) + [0]
      }
      names = Checksum.sha256(of: words)
      func some(_ most: Int) -> [Int] {
        let number = min(most, dataset.count)
        return (0..<number).map { $0 * dataset.count / number }
      }
      let reader = ImageReader(decoder)
      let sizes = some(4096).map { "\(dataset.encodedSize(at: $0) ?? -1)" }
      let sums = some(32).map { index in
        let sum = try? dataset.read(index, with: reader) { image in
          try image.encoded.map { Checksum.sha256(of: $0) }
            ?? Checksum.sha256(of: image.image().pixels)
        }
        return sum ?? "broken"
      }
      contents = Checksum.sha256(of: (sizes + sums).joined(separator: " "))
    }

    /// How these images differ from those of before; `nil` where they do not.
    func difference(from before: Images) -> String? {
      guard self != before else { return nil }
      if classNames.count != before.classNames.count {
        return "\(before.classNames.count) classes then, \(classNames.count) now"
      }
      if let index = classNames.indices.first(where: { classNames[$0] != before.classNames[$0] }) {
        return "class \(index) was '\(before.classNames[index])' and is '\(classNames[index])' now"
      }
      if count != before.count { return "\(before.count) images then, \(count) now" }
      return names != before.names
        ? "names, order or labels of the images are others now"
        : "images of the same names have other contents now"
    }
  }

  /// By the recipe's keys.
  let sets: [String: Images]

  init(_ datasets: RunDatasets) {
    let all: [(String, (any Dataset)?)] = [
      ("data.train", datasets.training), ("data.validation", datasets.validation),
      ("data.test", datasets.test),
    ]
    var sets: [String: Images] = [:]
    for case (let key, let dataset?) in all {
      sets[key] = Images(dataset, datasets.loading.decoder)
    }
    self.sets = sets
  }

  /// How these data sets differ from those that a folder's run began with; `nil` where they do not, or where it does not
  /// tell.
  func difference(fromThoseOf folder: RunFolder) -> String? {
    guard let before = JSONText.read(folder.data, as: DataIdentity.self) else { return nil }
    for (key, images) in sets.sorted(by: { $0.key < $1.key }) {
      if let before = before.sets[key], let words = images.difference(from: before) {
        return "\(key): \(words)"
      }
    }
    return nil
  }
}
