import ArgumentParser
import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchSettings

/// `funmatch data pack`: the images of a data set as tar archives, for many machines.
struct DataPack: RegistryCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack",
    abstract: "Write the images of a data set into tar archives (shards) and an index beside them.",
    discussion: """
      The index, shards.json for shards-%06d.tar, is then the data set: tar:shards.json, or \
      tar:https://HOST/shards.json where a server has both. Images keep their order, names, labels and, \
      without --short-side, their bytes; WebDataset reads the archives, too. What was interrupted goes on \
      where it was.
      """)

  @Argument(help: "A data set, such as imagenet:train or folder:PATH.")
  var name: String

  @Option(help: "How the shards are called: a path with a place for their number.")
  var output: String

  @Option(help: "Images in a shard.")
  var imagesPerShard = 1000

  @Option(
    help: "Make larger images smaller: to so many pixels of the shorter side, as JPEG files.")
  var shortSide: Int?

  @Option(help: "The quality of these JPEG files, 1 to 100; 95 without it.")
  var quality: Int?

  @Flag(help: "Leave out images that cannot be read; each is named.")
  var skipBroken = false

  @OptionGroup var images: DataOptions

  @OptionGroup var decoding: DecodingOptions

  @OptionGroup var loading: LoadingOptions

  func validate() throws {
    guard (1...1_000_000).contains(imagesPerShard) else {
      throw ValidationError("--images-per-shard must be between 1 and 1000000")
    }
    guard (1...65_500).contains(shortSide ?? 1) else {
      throw ValidationError("--short-side must be between 1 and 65500")
    }
    guard (1...100).contains(quality ?? 1) else {
      throw ValidationError("--quality must be between 1 and 100")
    }
    guard shortSide != nil || quality == nil && decoding.isDefault else {
      throw ValidationError(
        "--quality, --accurate, --exif and --reading are for images that are made smaller; add "
          + "--short-side")
    }
  }

  func run(_ registry: Registry) throws {
    let pattern = try ShardPattern(output)
    let dataset = try images.datasets(registry).open(DatasetReference(name))
    let packer = ShardPacker(
      dataset, source: name, to: pattern, perShard: imagesPerShard,
      shrinking: shortSide.map {
        .init(shortSide: $0, quality: quality ?? 95, decoder: decoding.decoder)
      }, skipsBroken: skipBroken, threads: loading.threads)
    let outcome = try packer.pack(report: Terminal().say)
    let (count, shards) = (NumberText.grouped(outcome.images), NumberText.grouped(outcome.shards))
    print(
      "\(outcome.index): \(count) images in \(shards) \(outcome.shards == 1 ? "shard" : "shards"), "
        + "\(NumberText.grouped(outcome.bytes / 1_000_000)) MB; use it as tar:\(outcome.index)")
  }
}
