import FunMatchDatasets
import FunMatchImages

extension FuzzedReader {
  /// A tar archive as a shard of images.
  static func readShard(_ bytes: UnsafeRawBufferPointer, in folder: String) {
    let path = put(bytes, "x.tar", in: folder)
    attempt(folder) { try look(at: open("tar:" + path, in: folder)) }
    // Headers with checksums that are right, without which little is looked at of a damaged one.
    var file = Array(bytes)
    for start in stride(from: 0, to: file.count - 511, by: 512)
    where file[start + 257..<start + 262].elementsEqual("ustar".utf8) {
      let sum = (0..<512).reduce(0) {
        $0 + ((148..<156).contains($1) ? 0x20 : Int(file[start + $1]))
      }
      let digits = Array(String(sum, radix: 8).utf8)
      file.replaceSubrange(
        start + 148..<start + 156, with: Array(repeating: 0x20, count: 8 - digits.count) + digits)
    }
    _ = file.withUnsafeBytes { put($0, "x.tar", in: folder) }
    attempt(folder) { try look(at: open("tar:" + path, in: folder)) }
  }

  /// The JSON file beside packed shards.
  static func readIndex(_ bytes: UnsafeRawBufferPointer, in folder: String) {
    let shard = Array(repeating: 0, count: 512) + plain
    _ = shard.withUnsafeBytes { put($0, "shard-000000.tar", in: folder) }
    let path = put(bytes, "x.json", in: folder)
    attempt(folder) { try look(at: open("tar:" + path, in: folder)) }
  }

  /// A MATLAB file, in the place of each that data sets come with.
  static func readMAT(_ bytes: UnsafeRawBufferPointer, in folder: String) {
    make("flowers102/jpg", in: folder)
    make("imagenet/val", in: folder)
    make("imagenet/ILSVRC2012_devkit_t12/data", in: folder)
    let kit = "imagenet/ILSVRC2012_devkit_t12/data/"
    put("1\n", "imagenet/val/ILSVRC2012_val_00000001.JPEG", in: folder)
    put("1\n", kit + "ILSVRC2012_validation_ground_truth.txt", in: folder)
    for name in ["flowers102/imagelabels.mat", "flowers102/setid.mat", kit + "meta.mat"] {
      _ = put(bytes, name, in: folder)
    }
    for name in ["flowers102:train", "imagenet:validation"] {
      attempt(folder) { _ = try open(name, in: folder) }
    }
  }

  /// Fashion-MNIST's images in a gzip file.
  static func readIDX(_ bytes: UnsafeRawBufferPointer, in folder: String) {
    make("fashion-mnist", in: folder)
    for name in ["train-images-idx3", "train-labels-idx1", "t10k-labels-idx1"] {
      put("", "fashion-mnist/\(name)-ubyte.gz", in: folder)
    }
    _ = put(bytes, "fashion-mnist/t10k-images-idx3-ubyte.gz", in: folder)
    attempt(folder) { _ = try open("fashion-mnist:test", in: folder) }
  }

  /// Lists of images, in the place of each that data sets come with.
  static func readLists(_ bytes: UnsafeRawBufferPointer, in folder: String) {
    for name in ["food101/images/a", "food101/meta", "pets/images", "pets/annotations"] {
      make(name, in: folder)
    }
    make("sun397/SUN397/a/abbey", in: folder)
    for name in ["food101/images/a/1.jpg", "pets/images/a_1.jpg", "sun397/SUN397/a/abbey/1.jpg"] {
      put("", name, in: folder)
    }
    for name in [
      "food101/meta/classes.txt", "food101/meta/train.txt", "food101/meta/test.txt",
      "pets/annotations/trainval.txt", "pets/annotations/test.txt", "sun397/sun397_tfds_tr.txt",
    ] { _ = put(bytes, name, in: folder) }
    for name in ["food101:train", "pets:train", "sun397:train"] {
      attempt(folder) { try look(at: open(name, in: folder)) }
    }
  }

  /// A user's list of images, read in several ways.
  static func readCSV(_ bytes: UnsafeRawBufferPointer, in folder: String) {
    make("images", in: folder)
    for name in ["a.png", "b, c.png", "images/cell0001.png", "images/cell0002.png"] {
      _ = plain.withUnsafeBytes { put($0, name, in: folder) }
    }
    let path = put(bytes, "x.csv", in: folder)
    let ways = [
      "", "?label=none", "?threshold=0.5", "?path=path&label=label", "?header=no&delimiter=blanks",
      "?test=0.25&validation=0.25&hashOf=name:test", "?path=1&label=2&split=3:train",
    ]
    for way in ways { attempt(folder) { try look(at: open("list:" + path + way, in: folder)) } }
    // As a file of class names.
    put("a.png,cat\n", "y.csv", in: folder)
    attempt(folder) { try look(at: open("list:\(folder)/y.csv?classFile=x.csv", in: folder)) }
  }

  private static func open(_ reference: String, in folder: String) throws -> any Dataset {
    try DatasetRegistry(dataFolder: folder, environment: [:]).open(DatasetReference(reference))
  }

  /// Asks for everything that is known of some images, and decodes them.
  private static func look(at dataset: any Dataset) throws {
    let reader = ImageReader(ImageDecoder(byteLimit: 1 << 20))
    for range in dataset.shards { dataset.willRead(range) }
    for index in 0..<min(dataset.count, 8) {
      precondition(dataset.label(at: index).map(dataset.classNames.indices.contains) ?? true)
      _ = (dataset.name(at: index), dataset.localName(at: index), dataset.encodedSize(at: index))
      try dataset.read(index, with: reader) { _ = try $0.image() }
    }
  }
}
