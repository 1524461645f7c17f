import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchImages
import FunMatchRecipes

/// What a run was trained and measured on, kept in its folder: with other images or other classes it does not go on.
struct DataIdentity: Codable, Equatable {
  /// One data set.
  struct Images: Codable, Equatable {
    let count: Int
    let classNames: [String]
    /// SHA-256 of the names and labels of all images, in order.
    let names: String
    /// Bytes of some, spread evenly; -1 for pixels in memory.
    let sizes: [Int]
    /// SHA-256 of the contents of a few.
    let contents: [String]

    init(_ dataset: any Dataset, _ decoder: ImageDecoder) {
      (count, classNames) = (dataset.count, dataset.classNames)
      var words: [UInt8] = []
      for index in 0..<dataset.count {
        words += Array(dataset.localName(at: index).utf8) + [0]
        words += Array("\(dataset.label(at: index) ?? -1)".utf8) + [0]
      }
      names = Checksum.sha256(of: words)
      let reader = ImageReader(decoder)
      sizes = Self.some(512, of: count).map { dataset.encodedSize(at: $0) ?? -1 }
      contents = Self.some(32, of: count).map { index in
        let sum = try? dataset.read(index, with: reader) { image in
          try image.encoded.map { Checksum.sha256(of: $0) }
            ?? Checksum.sha256(of: image.image().pixels)
        }
        return sum ?? "broken"
      }
    }

    private static func some(_ most: Int, of count: Int) -> [Int] {
      let number = min(most, count)
      return (0..<number).map { $0 * count / number }
    }

    /// How other images, classes or labels these are than those of before; `nil` where they are the same.
    func difference(from before: Images) -> String? {
      if classNames.count != before.classNames.count {
        return "\(before.classNames.count) classes then, \(classNames.count) now"
      }
      if let index = classNames.indices.first(where: { classNames[$0] != before.classNames[$0] }) {
        return "class \(index) was '\(before.classNames[index])' and is '\(classNames[index])' now"
      }
      if count != before.count { return "\(before.count) images then, \(count) now" }
      return names == before.names ? nil : "names, order or labels of the images are others now"
    }

    /// An image that was looked at and has other contents than before, where all else is the same; `nil` without one.
    func changedImage(from before: Images) -> String? {
      func first(_ most: Int, _ isSame: (Int) -> Bool) -> Int? {
        let places = Self.some(most, of: count)
        return places.indices.first { !isSame($0) }.map { places[$0] }
      }
      if sizes.count == before.sizes.count,
        let image = first(512, { sizes[$0] == before.sizes[$0] })
      {
        return "image \(image) has another size than when the run began"
      }
      guard contents.count == before.contents.count,
        let image = first(32, { contents[$0] == before.contents[$0] })
      else { return nil }
      return "image \(image) has other contents than when the run began"
    }
  }

  /// The key of the images that are learnt from.
  private static let training = "data.train"

  /// By the recipe's keys.
  let sets: [String: Images]

  init(_ datasets: RunDatasets) {
    let all: [(String, (any Dataset)?)] = [
      (Self.training, datasets.training), ("data.validation", datasets.validation),
      ("data.test", datasets.test),
    ]
    var sets: [String: Images] = [:]
    for case (let key, let dataset?) in all {
      sets[key] = Images(dataset, datasets.loading.decoder)
    }
    self.sets = sets
  }

  /// Compares with what a folder's run began with, where it tells.
  ///
  /// - Parameter warn: told of images that are only measured on and have other contents, such as one that was broken.
  /// - Throws: `RecipeError` when the run would go on with something else.
  func check(_ folder: RunFolder, warn: (String) -> Void) throws {
    guard let before = JSONText.read(folder.data, as: DataIdentity.self) else {
      if FileManager.default.fileExists(atPath: folder.data) {
        warn("\(folder.data): is damaged; whether images and classes are the same cannot be told")
      }
      return
    }
    for (key, images) in sets.sorted(by: { $0.key < $1.key }) {
      guard let earlier = before.sets[key] else { continue }
      let change = images.changedImage(from: earlier)
      if let words = images.difference(from: earlier) ?? (key == Self.training ? change : nil) {
        throw RecipeError(
          "\(folder.path) holds a run that learns from something else; \(key): \(words) (without "
            + "\(folder.data) it goes on all the same)")
      }
      if let change { warn("\(key): \(change)") }
    }
  }
}
