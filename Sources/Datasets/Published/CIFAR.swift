import FunMatchImages

/// CIFAR-10 and CIFAR-100 (Krizhevsky 2009) in their binary versions: records of one or two labels
/// and 32 x 32 pixels, one colour behind the other.
struct CIFAR: Dataset {
  private static let side = 32
  private static let plane = side * side

  let classNames: [String]
  private let files: [(path: String, start: Int)]
  /// All records of all files.
  private let bytes: [UInt8]
  /// Labels before the pixels; the last of them counts.
  private let labels: Int

  /// Reads files whole.
  ///
  /// - Throws: `DatasetError` when a file is missing or damaged.
  init(_ names: [String], classes: String, labels: Int, in folder: String) throws {
    classNames = try TextFile.texts(folder + "/" + classes)
    self.labels = labels
    let record = labels + 3 * Self.plane
    var bytes: [UInt8] = []
    var files: [(path: String, start: Int)] = []
    for name in names {
      let path = folder + "/" + name
      let data = try TextFile.data(path)
      guard !data.isEmpty, data.count % record == 0 else {
        throw DatasetError(
          "\(path): its \(data.count) bytes are not a number of records of \(record) bytes")
      }
      files.append((path, bytes.count / record))
      bytes += data
    }
    for start in stride(from: 0, to: bytes.count, by: record) {
      let label = bytes[start + labels - 1]
      guard classNames.indices.contains(Int(label)) else {
        let file = files.last { $0.start <= start / record }
        throw DatasetError(
          "\(file?.path ?? folder): has the label \(label), and \(classes) names "
            + "\(classNames.count) classes")
      }
    }
    self.files = files
    self.bytes = bytes
  }

  private var record: Int { labels + 3 * Self.plane }

  var count: Int { bytes.count / record }

  func name(at index: Int) -> String {
    guard let file = files.last(where: { $0.start <= index }) else { return "#\(index)" }
    return "\(file.path)#\(index - file.start)"
  }

  func label(at index: Int) -> Int? { Int(bytes[index * record + labels - 1]) }

  func open(_ index: Int, with reader: ImageReader) {
    let start = index * record + labels
    reader.open(height: Self.side, width: Self.side) { target in
      for pixel in 0..<Self.plane {
        for colour in 0..<3 {
          target[3 * pixel + colour] = bytes[start + colour * Self.plane + pixel]
        }
      }
    }
  }
}

extension CIFAR {
  static func ten(_ split: String, _ folders: [String]) throws -> any Dataset {
    let batches = (1...5).map { "data_batch_\($0).bin" }
    guard let files = ["train": batches, "test": ["test_batch.bin"]][split] else {
      throw DatasetCard.cifar10.unknown(split)
    }
    let places = DatasetPlaces(
      name: DatasetCard.cifar10.name, others: ["cifar-10-batches-bin"],
      pieces: files + ["batches.meta.txt"])
    return try CIFAR(
      files, classes: "batches.meta.txt", labels: 1, in: places.findAll(in: folders))
  }

  static func hundred(_ split: String, _ folders: [String]) throws -> any Dataset {
    guard let file = ["train": "train.bin", "test": "test.bin"][split] else {
      throw DatasetCard.cifar100.unknown(split)
    }
    let places = DatasetPlaces(
      name: DatasetCard.cifar100.name, others: ["cifar-100-binary"],
      pieces: [file, "fine_label_names.txt"])
    return try CIFAR(
      [file], classes: "fine_label_names.txt", labels: 2, in: places.findAll(in: folders))
  }
}

extension DatasetCard {
  static let cifar10 = DatasetCard(
    name: "cifar10", summary: "CIFAR-10, 32 x 32 pixels (Krizhevsky 2009)",
    splits: [("train", 50_000), ("test", 10_000)], classes: 10,
    source: DatasetSource(files: [
      DatasetSource.File(
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", size: 170_052_171,
        sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        isArchive: true, entries: ["cifar-10-batches-bin"])
    ]), open: CIFAR.ten)

  static let cifar100 = DatasetCard(
    name: "cifar100", summary: "CIFAR-100, 32 x 32 pixels, the 100 fine classes (Krizhevsky 2009)",
    splits: [("train", 50_000), ("test", 10_000)], classes: 100,
    source: DatasetSource(files: [
      DatasetSource.File(
        "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz", size: 168_513_733,
        sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        isArchive: true, entries: ["cifar-100-binary"])
    ]), open: CIFAR.hundred)
}
