import Foundation
import FunMatchFiles
import FunMatchImages

/// Writes the images of a data set into tar archives that WebDataset reads, too, and a JSON file that tells where each lies.
///
/// What is written depends on the images and on the options alone, not on the number of threads or on interruptions.
package struct ShardPacker {
  /// How images become smaller.
  package struct Shrinking: Sendable {
    /// The length in pixels of the shorter side; images where it is not longer stay as they are.
    package let shortSide: Int
    /// Of the JPEG files, in 1 ... 100.
    package let quality: Int
    /// How they are decoded.
    package let decoder: ImageDecoder

    package init(shortSide: Int, quality: Int, decoder: ImageDecoder) {
      (self.shortSide, self.quality, self.decoder) = (shortSide, quality, decoder)
    }
  }

  /// What was done.
  package struct Outcome {
    /// The JSON file.
    package let index: String
    package let images: Int
    package let shards: Int
    package let bytes: Int
  }

  private let dataset: any Dataset
  private let source: String
  private let pattern: ShardPattern
  private let perShard: Int
  private let shrinking: Shrinking?
  private let skipsBroken: Bool
  private let threads: Int

  /// - Parameters:
  ///   - source: what the data set is called.
  ///   - perShard: images in a shard, at least 1; the last one may have fewer.
  ///   - shrinking: `nil` to leave the images' bytes as they are.
  ///   - skipsBroken: whether images that cannot be read are left out.
  ///   - threads: how many images are read at once.
  package init(
    _ dataset: any Dataset, source: String, to pattern: ShardPattern, perShard: Int,
    shrinking: Shrinking? = nil, skipsBroken: Bool = false, threads: Int
  ) {
    self.dataset = dataset
    self.source = source
    self.pattern = pattern
    self.perShard = max(1, perShard)
    self.shrinking = shrinking
    self.skipsBroken = skipsBroken
    self.threads = threads
  }

  /// Packs, or goes on where it was interrupted.
  ///
  /// - Parameter report: takes lines about the progress and about images that are left out.
  /// - Throws: `DatasetError` when something else is in the way or an image is broken, `FileError` when the disk is full.
  package func pack(report: (String) -> Void) throws -> Outcome {
    if !pattern.folder.isEmpty { try AtomicFile.makeFolder(pattern.folder) }
    let shardCount = (dataset.count + perShard - 1) / perShard
    let record = try PackingRecord(pattern.index + ".partial", identity: identity) { shard in
      var status = stat()
      return stat(pattern.folder + shard.file, &status) == 0 && Int(status.st_size) == shard.bytes
    }
    if !record.isContinued { try refuseStrangers(shardCount, record) }
    let names = MemberNames(dataset)
    if record.isContinued {
      report("going on after \(record.entries.count) of \(shardCount) shards")
    }
    for number in record.entries.count..<shardCount {
      let entry = try write(number, names, report)
      try record.append(entry)
      let done = min(dataset.count, (number + 1) * perShard)
      report(
        "\(entry.shard.file): \(NumberText.grouped(done)) of "
          + "\(NumberText.grouped(dataset.count)) images")
    }
    var index = ShardIndex(
      source: source, classNames: dataset.classNames,
      classNamesAreNumbers: dataset.classNamesAreNumbers)
    for entry in record.entries {
      index.shards.append(entry.shard)
      index.images += entry.images
    }
    if index.images.labels.allSatisfy({ $0 < 0 }) { index.images.labels = [] }
    guard !index.images.names.isEmpty else {
      throw DatasetError("\(source): no image of it can be read")
    }
    try AtomicFile.write(to: pattern.index, Data(JSONText.line(index).utf8))
    record.remove()
    return Outcome(
      index: pattern.index, images: index.images.names.count, shards: index.shards.count,
      bytes: index.shards.reduce(0) { $0 + $1.bytes })
  }

  /// What would be overwritten is somebody's.
  private func refuseStrangers(_ shardCount: Int, _ record: PackingRecord) throws {
    let paths = [pattern.index] + (0..<shardCount).map { pattern.folder + pattern.name($0) }
    if let path = paths.first(where: FileManager.default.fileExists) {
      record.remove()
      throw DatasetError("\(path): is there already; remove it, or choose another --output")
    }
  }

  private var identity: String {
    var words: [UInt8] = []
    for index in 0..<dataset.count {
      words += Array(dataset.localName(at: index).utf8) + [0]
      words += Array(String(dataset.label(at: index) ?? -1).utf8) + [0]
    }
    var options = ["images=\(Checksum.sha256(of: words))", "perShard=\(perShard)"]
    options.append("classes=\(Checksum.sha256(of: dataset.classNames.joined(separator: "\0")))")
    options.append("skipsBroken=\(skipsBroken)")
    if let shrinking {
      let decoder = shrinking.decoder
      options += [
        "shortSide=\(shrinking.shortSide)", "quality=\(shrinking.quality)",
        "inverseDCT=\(decoder.inverseDCT)", "orientation=\(decoder.orientation)",
      ]
      if decoder.reading != .tensorflow { options.append("reading=\(decoder.reading)") }
    }
    return "\(ShardIndex.format) " + options.joined(separator: " ")
  }

  private func write(
    _ number: Int, _ names: MemberNames, _ report: (String) -> Void
  ) throws -> PackingRecord.Entry {
    let file = pattern.name(number)
    let path = pattern.folder + file
    AtomicFile.removeTemporaries(of: path)
    var images = ShardIndex.Images()
    var end = 0
    try AtomicFile.write(to: path) { archive in
      func append(_ bytes: [UInt8]) throws {
        try archive.append(bytes)
        end += bytes.count
      }
      func append(_ name: String, _ contents: [UInt8]) throws {
        try append(TarWriter.header(name, count: contents.count))
        try append(contents)
        try append(TarWriter.padding(after: contents.count))
      }
      let all = number * perShard..<min(dataset.count, (number + 1) * perShard)
      // As many as keep every thread busy, and no more in memory.
      for first in stride(from: all.lowerBound, to: all.upperBound, by: 32 * threads) {
        let some = first..<min(first + 32 * threads, all.upperBound)
        for (index, result) in zip(some, prepare(some)) {
          let image: PackedImage
          do {
            image = try result.get()
          } catch let error as ImageError {
            guard skipsBroken else {
              throw DatasetError("\(error); --skip-broken leaves such images out")
            }
            report("left out: \(error)")
            continue
          }
          let key = names[index]
          try append("\(key).\(image.ending)", image.bytes)
          images.names.append(dataset.localName(at: index))
          images.offsets.append(
            end - image.bytes.count - TarWriter.padding(after: image.bytes.count).count)
          images.sizes.append(UInt32(image.bytes.count))
          images.crc32.append(image.bytes.withUnsafeBytes { CRC32.of($0) })
          let label = dataset.label(at: index)
          images.labels.append(Int32(label ?? -1))
          if let label { try append("\(key).cls", Array(String(label).utf8)) }
        }
      }
      try append(TarWriter.end)
    }
    return PackingRecord.Entry(
      shard: ShardIndex.Shard(
        file: file, bytes: end, sha256: try Checksum.sha256(file: path),
        count: images.names.count), images: images)
  }

  /// The bytes of images, read by all threads.
  private func prepare(_ range: Range<Int>) -> [Result<PackedImage, any Error>] {
    let dataset = dataset
    let shrinking = shrinking
    return Workers.map(count: range.count, threads: threads) {
      ImageReader(shrinking?.decoder ?? ImageDecoder())
    } work: { reader, offset in
      Result {
        try dataset.read(range.lowerBound + offset, with: reader) {
          try PackedImage($0, shrinking: shrinking)
        }
      }
    }
  }
}
