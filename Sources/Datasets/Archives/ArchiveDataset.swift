import FunMatchImages

/// Images that are members of tar archives, which are not unpacked.
struct ArchiveDataset: Dataset {
  /// Where an image lies.
  struct Entry: Sendable {
    let offset: Int
    let size: UInt32
    let archive: UInt32
  }

  /// Images of one or more archives, while they are found.
  struct Index: Sendable {
    private(set) var entries: [Entry] = []
    private(set) var names = FileList()
    var labels: [Int32] = []
    /// Members that belong to no image.
    var unread = UnreadFiles()

    mutating func append(
      _ member: TarScanner.Member, prefix: [UInt8] = [], archive: Int, in path: String
    ) throws {
      guard let size = UInt32(exactly: member.size) else {
        throw DatasetError("\(path): \(member.text) of \(member.size) bytes is no image")
      }
      entries.append(Entry(offset: member.offset, size: size, archive: UInt32(archive)))
      names.append(prefix, member.name)
    }

    mutating func append(contentsOf other: Index) {
      entries += other.entries
      names.append(contentsOf: other.names)
      labels += other.labels
      unread.append(other.unread)
    }

    /// The same images in another order.
    func permuted(_ order: [UInt32]) -> Index {
      var result = Index()
      result.entries = order.map { entries[Int($0)] }
      result.names = names.permuted(order)
      result.labels = labels.isEmpty ? [] : order.map { labels[Int($0)] }
      return result
    }
  }

  private let archives: [ArchiveFile]
  private let index: Index
  let classNames: [String]
  let classNamesAreNumbers: Bool
  let shards: [Range<Int>]
  let remarks: [String]

  init(
    _ archives: [ArchiveFile], _ index: Index, classNames: [String],
    classNamesAreNumbers: Bool = false, shards: [Range<Int>] = [], remarks: [String] = []
  ) {
    self.remarks = remarks
    self.archives = archives
    self.index = index
    self.classNames = classNames
    self.classNamesAreNumbers = classNamesAreNumbers
    self.shards = shards
  }

  func willRead(_ images: Range<Int>) {
    guard let first = images.first, let last = images.last else { return }
    let (begin, end) = (index.entries[first], index.entries[last])
    guard begin.archive == end.archive, begin.offset <= end.offset else { return }
    archives[Int(begin.archive)].readAhead(begin.offset..<end.offset + Int(end.size))
  }

  var count: Int { index.entries.count }

  func name(at position: Int) -> String {
    archives[Int(index.entries[position].archive)].path + "/" + index.names[position]
  }

  func localName(at position: Int) -> String { index.names[position] }

  func label(at position: Int) -> Int? {
    index.labels.isEmpty ? nil : Int(index.labels[position])
  }

  func encodedSize(at position: Int) -> Int? { Int(index.entries[position].size) }

  func open(_ position: Int, with reader: ImageReader) throws {
    let entry = index.entries[position]
    try archives[Int(entry.archive)].withDescriptor {
      try reader.open(descriptor: $0, offset: entry.offset, count: Int(entry.size))
    }
  }
}
