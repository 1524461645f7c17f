import Foundation
import FunMatchImages

/// Images that are files under one folder.
struct FileDataset: Dataset {
  private let root: String
  private let files: FileList
  private let labels: [Int32]
  let classNames: [String]
  let classNamesAreNumbers: Bool
  let remarks: [String]

  /// Images in the order of `files`, named from `root` on; `labels` is empty when there are none.
  init(
    root: String, files: FileList, labels: [Int32] = [], classNames: [String] = [],
    classNamesAreNumbers: Bool = false, remarks: [String] = []
  ) {
    self.root = root
    self.files = files
    self.labels = labels
    self.classNames = classNames
    self.classNamesAreNumbers = classNamesAreNumbers
    self.remarks = remarks
  }

  /// The same images in the order of `FileList.mixedOrder`.
  func mixed() -> FileDataset { permuted(files.mixedOrder()) }

  /// The same images sorted by the bytes of their names.
  func sorted() -> FileDataset {
    permuted((0..<UInt32(files.count)).sorted { files.precedes(Int($0), Int($1)) })
  }

  private func permuted(_ order: [UInt32]) -> FileDataset {
    FileDataset(
      root: root, files: files.permuted(order),
      labels: labels.isEmpty ? [] : order.map { labels[Int($0)] }, classNames: classNames,
      classNamesAreNumbers: classNamesAreNumbers, remarks: remarks)
  }

  /// The same images sorted by what follows the last slash of their names.
  func sortedByFileName() -> FileDataset {
    let slash = UInt8(ascii: "/")
    let names = (0..<files.count).map { index in
      files.withBytes(at: index) { Array($0[(($0.lastIndex(of: slash) ?? -1) + 1)...]) }
    }
    let order = names.indices.sorted { names[$0].lexicographicallyPrecedes(names[$1]) }
    return permuted(order.map { UInt32($0) })
  }

  var count: Int { files.count }
  func name(at index: Int) -> String { root + "/" + files[index] }
  func localName(at index: Int) -> String { files[index] }
  func label(at index: Int) -> Int? { labels.isEmpty ? nil : Int(labels[index]) }

  /// 0 when the file is gone.
  func encodedSize(at index: Int) -> Int? {
    try? withPath(index) { path in
      var status = stat()
      return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
  }

  func open(_ index: Int, with reader: ImageReader) throws {
    try withPath(index) { try reader.open(path: $0) }
  }

  /// Lends the path of an image, which costs no memory from the heap.
  private func withPath<Result>(
    _ index: Int, _ body: (UnsafePointer<CChar>) throws -> Result
  ) throws -> Result {
    try files.withBytes(at: index) { name in
      let length = root.utf8.count + 1 + name.count
      return try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: length + 1) { path in
        var next = path.initialize(fromContentsOf: root.utf8)
        path[next] = UInt8(ascii: "/")
        next = path[(next + 1)...].initialize(fromContentsOf: name)
        path[next] = 0
        guard let start = path.baseAddress else { preconditionFailure("a path has bytes") }
        return try start.withMemoryRebound(to: CChar.self, capacity: length + 1) {
          try body($0)
        }
      }
    }
  }
}
