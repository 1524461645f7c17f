import Foundation
import FunMatchFiles
import FunMatchImages

/// Fashion-MNIST (Xiao et al. 2017): 60,000 training and 10,000 test images of 28 × 28 gray pixels,
/// replicated to three channels, in 10 classes; in the original IDX files, gzipped or not.
public struct FashionMNIST: Dataset {
  /// Its name in the registry.
  public static let name = "fashion-mnist"
  /// Its splits.
  public static let splits = ["train", "test"]
  /// Side of an image in pixels.
  public static let side = 28

  /// The ten kinds of clothing, by label.
  public var classNames: [String] {
    [
      "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
      "Ankle boot",
    ]
  }
  /// 60,000 or 10,000.
  public let count: Int
  private let file: String
  private let images: [UInt8]
  private let labels: [UInt8]

  /// SHA-256 of the decompressed files. Debian compressed them anew, so the archives' own sums
  /// differ from upstream's.
  private static let checksums = [
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
  ]

  /// Where Debian's package `dataset-fashion-mnist` puts the files.
  private static let packageFolder = "/usr/share/datasets/fashion-mnist"

  /// Where torchvision puts them in its own folder.
  private static let torchvision = "/FashionMNIST/raw"

  /// The folder that holds the files: `<folder>/fashion-mnist`, torchvision's, a folder itself, or
  /// the package's.
  ///
  /// - Throws: `DatasetError` when there is none.
  public static func folder(searching folders: [String]) throws -> String {
    let candidates =
      folders.flatMap { folder in
        ["/" + name, "/" + name + torchvision, torchvision, ""].map { folder + $0 }
      } + [packageFolder]
    let found = candidates.first { candidate in
      checksums.keys.allSatisfy { path($0, in: candidate) != nil }
    }
    if let found { return found }
    throw DatasetError(
      "fashion-mnist: its four files (train-images-idx3-ubyte.gz and so on) are in none of "
        + "\(candidates.joined(separator: ", ")); `funmatch data fetch \(name)` or, on Debian, "
        + "`apt-get install dataset-fashion-mnist` brings them", isAbsence: true)
  }

  private static func path(_ file: String, in folder: String) -> String? {
    [folder + "/" + file + ".gz", folder + "/" + file].first {
      FileManager.default.fileExists(atPath: $0)
    }
  }

  /// Reads the split `train` or `test` whole, 47 MB for the larger one, and verifies its checksums.
  ///
  /// - Throws: `DatasetError` when files are missing or differ from the published ones.
  public init(split: String, searching folders: [String]) throws {
    guard let prefix = ["train": "train", "test": "t10k"][split] else {
      throw DatasetError("fashion-mnist has the splits train and test, not '\(split)'")
    }
    count = split == "train" ? 60_000 : 10_000
    file = prefix + "-images-idx3-ubyte.gz"
    let folder = try Self.folder(searching: folders)
    let pixels = Self.side * Self.side
    images = try Self.read(prefix + "-images-idx3-ubyte", 16, count * pixels, folder)
    labels = try Self.read(prefix + "-labels-idx1-ubyte", 8, count, folder)
  }

  private static func read(
    _ file: String, _ header: Int, _ count: Int, _ folder: String
  ) throws -> [UInt8] {
    guard let path = path(file, in: folder) else {
      throw DatasetError("\(folder)/\(file).gz is missing")
    }
    let bytes = try GzipFile.read(path, limit: header + count)
    guard bytes.count == header + count else {
      throw DatasetError("\(path): holds \(bytes.count) bytes, expected \(header + count)")
    }
    guard Checksum.sha256(of: bytes) == checksums[file] else {
      throw DatasetError("\(path): its contents differ from the published data set (SHA-256)")
    }
    return Array(bytes[header...])
  }

  /// The file that holds the images, and the image's number therein.
  public func name(at index: Int) -> String { "\(file)#\(index)" }

  /// A number in 0 ..< 10.
  public func label(at index: Int) -> Int? { Int(labels[index]) }

  /// (28, 28, 3) pixels, the three channels alike.
  public func open(_ index: Int, with reader: ImageReader) {
    let pixels = Self.side * Self.side
    reader.open(height: Self.side, width: Self.side) { target in
      for (position, value) in images[index * pixels..<(index + 1) * pixels].enumerated() {
        target[3 * position] = value
        target[3 * position + 1] = value
        target[3 * position + 2] = value
      }
    }
  }
}

extension DatasetCard {
  static let fashionMNIST = DatasetCard(
    name: FashionMNIST.name, summary: "Clothing, 28 x 28 pixels in gray (Xiao et al. 2017)",
    splits: [("train", 60_000), ("test", 10_000)], classes: 10,
    source: DatasetSource(files: [
      file(
        "train-images-idx3-ubyte.gz", 26_421_880,
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
      file(
        "train-labels-idx1-ubyte.gz", 29_515,
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
      file(
        "t10k-images-idx3-ubyte.gz", 4_422_102,
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
      file(
        "t10k-labels-idx1-ubyte.gz", 5_148,
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ])
  ) { try FashionMNIST(split: $0, searching: $1) }

  private static func file(_ name: String, _ size: Int, _ sha256: String) -> DatasetSource.File {
    DatasetSource.File(
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/" + name, size: size,
      sha256: sha256)
  }
}
