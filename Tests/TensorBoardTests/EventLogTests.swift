import Foundation
import FunMatchFiles
import FunMatchTensorBoard
import FunMatchTestSupport
import Testing

struct EventLogTests {
  /// Seconds since 1970 for a step, as exact as a double is.
  private func time(_ step: Int) -> Double { 1_700_000_000.125 + Double(step) }

  /// A file with the steps 1, 2, …, as a run would have written it.
  private func write(_ steps: ClosedRange<Int>, _ folder: TemporaryFolder) throws {
    let log = try EventLog(folder: folder.path, keepingThrough: steps.lowerBound - 1)
    for step in steps {
      try log.append(["loss": Double(step)], step: step, wallTime: time(step))
    }
    try log.synchronize()
  }

  /// Size of the version record and of each of those that `write` makes.
  private func recordSizes(_ folder: TemporaryFolder) throws -> (version: Int, step: Int) {
    let reader = try TFRecordReader(path: folder.file(EventLog.fileName))
    let sizes = try (0..<2).map { _ in try #require(try reader.next()).count + 16 }
    return (sizes[0], sizes[1])
  }

  /// The records that our own reader finds; there may be nothing else in the file.
  private func recordCount(_ folder: TemporaryFolder) throws -> Int {
    let reader = try TFRecordReader(path: folder.file(EventLog.fileName))
    var count = 0
    while try reader.next() != nil { count += 1 }
    #expect(try folder.bytes(EventLog.fileName).count == Int(reader.offset))
    return count
  }

  @Test func recordsBehindTheCheckpointAreCut() throws {
    let folder = try TemporaryFolder()
    try write(1...5, folder)
    let whole = try folder.bytes(EventLog.fileName)
    let size = try recordSizes(folder)
    #expect(whole.count == size.version + 5 * size.step)
    for step in [9, 5, 3, 0, -1] {
      _ = try EventLog(folder: folder.path, keepingThrough: step)
      let count = size.version + min(5, max(0, step)) * size.step
      #expect(try folder.bytes(EventLog.fileName) == Array(whole[..<count]))
    }
    #expect(try folder.contents == [EventLog.fileName])
  }

  @Test func aResumedRunWritesTheSameBytes() throws {
    let (once, twice) = (try TemporaryFolder(), try TemporaryFolder())
    try write(1...20, once)
    try write(1...12, twice)
    try write(8...20, twice)
    // The version records differ in their times.
    let size = try recordSizes(once).version
    #expect(
      try once.bytes(EventLog.fileName)[size...] == twice.bytes(EventLog.fileName)[size...])
  }

  @Test func aTornTailIsCut() throws {
    let folder = try TemporaryFolder()
    try write(1...3, folder)
    let whole = try folder.bytes(EventLog.fileName)
    let size = try recordSizes(folder)
    for count in 0..<whole.count {
      _ = try folder.write(EventLog.fileName, Array(whole[..<count]))
      _ = try EventLog(folder: folder.path, keepingThrough: 3)
      let steps = max(0, (count - size.version) / size.step)
      #expect(try recordCount(folder) == 1 + steps)
    }
  }

  @Test func whatFollowsDamageIsCut() throws {
    let folder = try TemporaryFolder()
    try write(1...4, folder)
    let whole = try folder.bytes(EventLog.fileName)
    let size = try recordSizes(folder)
    for position in whole.indices {
      var bytes = whole
      bytes[position] ^= 0x10
      _ = try folder.write(EventLog.fileName, bytes)
      _ = try EventLog(folder: folder.path, keepingThrough: 4)
      let steps = position < size.version ? 0 : (position - size.version) / size.step
      #expect(try recordCount(folder) == 1 + steps)
    }
  }

  /// A length and its checksum may be right and yet promise more than there is.
  @Test func lengthsBeyondTheFileAreDamage() throws {
    let folder = try TemporaryFolder()
    for length in [1000, 1 << 40, UInt64.max] {
      try write(1...2, folder)
      var bytes = try folder.bytes(EventLog.fileName)
      let frame = withUnsafeBytes(of: length.littleEndian, Array.init)
      bytes += frame
      bytes += withUnsafeBytes(of: CRC32C.masked(frame).littleEndian, Array.init)
      _ = try folder.write(EventLog.fileName, bytes + [1, 2, 3])
      _ = try EventLog(folder: folder.path, keepingThrough: 9)
      #expect(try recordCount(folder) == 3)
    }
  }

  @Test func valuesThatAreNotFiniteMakeNoRecord() throws {
    let folder = try TemporaryFolder()
    let log = try EventLog(folder: folder.path, keepingThrough: 0)
    try log.append(["a": .nan, "b": .infinity, "c": 1e300], step: 1, wallTime: time(1))
    #expect(try recordCount(folder) == 1)
  }

  @Test func unusableFoldersAreNamed() throws {
    let folder = try TemporaryFolder()
    let missing = folder.file("no")
    let error = #expect(throws: FileError.self) {
      try EventLog(folder: missing, keepingThrough: 0)
    }
    #expect(
      error?.description
        == "\(missing)/\(EventLog.fileName): cannot be written (No such file or directory)")
  }

  /// A limit on file sizes stands for a full disk: writing stops in the middle with an error.
  @Test func aFullDiskIsAnErrorAndTheNextRunGoesOn() async {
    await #expect(processExitsWith: .success) {
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 1000, rlim_max: 1000)
      #if os(Linux)
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      #else
        try #require(setrlimit(RLIMIT_FSIZE, &limit) == 0)
      #endif
      let folder = try TemporaryFolder()
      let path = folder.file(EventLog.fileName)
      let log = try EventLog(folder: folder.path, keepingThrough: 0)
      var step = 0
      let error = #expect(throws: FileError.self) {
        while step < 1000 {
          try log.append(["loss": 1], step: step + 1, wallTime: 0)
          step += 1
        }
      }
      #expect(error?.description == "\(path): cannot be written (File too large)")
      #expect(try folder.bytes(EventLog.fileName).count == 1000)
      _ = try EventLog(folder: folder.path, keepingThrough: 1000)
      let reader = try TFRecordReader(path: path)
      for _ in 0...step { try #require(try reader.next() != nil) }
      #expect(try folder.bytes(EventLog.fileName).count == Int(reader.offset))
    }
  }

  /// In a process of its own, where nothing else takes memory.
  @Test func aLongFileIsCutWithoutTakingMemory() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let values = Dictionary(uniqueKeysWithValues: (0..<16).map { ("a metric/\($0)", Double($0)) })
      let log = try EventLog(folder: folder.path, keepingThrough: 0)
      for step in 1...100_000 { try log.append(values, step: step, wallTime: 0) }
      let before = try peakMemory()
      let size =
        try FileManager.default.attributesOfItem(
          atPath: folder.file(EventLog.fileName))[.size] as? Int
      _ = try EventLog(folder: folder.path, keepingThrough: 99_999)
      // Far less than the file.
      #expect(try peakMemory() - before < #require(size) / 8)
      let reader = try TFRecordReader(path: folder.file(EventLog.fileName))
      for _ in 0...99_999 { try #require(try reader.next() != nil) }
      #expect(try reader.next() == nil)
    }
  }
}

/// TensorBoard itself reads the files.
struct TensorBoardTests {
  private func series(_ folder: TemporaryFolder) throws -> [String: [[Double]]] {
    try #require(try TensorBoard.series(folder.path))
  }

  @Test(.enabled(if: TensorBoard.python != nil, "no Python with TensorBoard"))
  func scalarsArriveWithStepsValuesAndTimes() throws {
    let folder = try TemporaryFolder()
    let first = try EventLog(folder: folder.path, keepingThrough: 0)
    var expected: [String: [[Double]]] = [:]
    // Steps need up to five bytes.
    let steps = [0, 1, 2, 127, 128, 300, 70_000, 3_000_000_000]
    for (index, step) in steps.enumerated() {
      let time = 1_700_000_000.123456 + Double(index)
      let values = [
        "distillLoss": 1 / Double(step + 3), "learning rate": -0.003 * Double(index),
        "träger/精度": Double(index) * 1e-40,
        "eval/top1": index == 3 ? .nan : 1e38 / Double(step + 1),
      ]
      try first.append(values, step: step, wallTime: time)
      for (tag, value) in values where value.isFinite {
        expected[tag, default: []].append([Double(step), Double(Float(value)), time])
      }
    }
    #expect(try series(folder) == expected)
  }

  @Test(.enabled(if: TensorBoard.python != nil, "no Python with TensorBoard"))
  func aResumedFileIsWhole() throws {
    let folder = try TemporaryFolder()
    let first = try EventLog(folder: folder.path, keepingThrough: 0)
    for step in 1...9 { try first.append(["loss": Double(step)], step: step, wallTime: 1) }
    let torn = try folder.bytes(EventLog.fileName).dropLast(5)
    _ = try folder.write(EventLog.fileName, Array(torn))
    for start in [8, 4] {
      let log = try EventLog(folder: folder.path, keepingThrough: start)
      for step in start + 1...10 {
        try log.append(["loss": Double(-step)], step: step, wallTime: 2)
      }
    }
    let expected = (1...10).map { [Double($0), Double($0 < 5 ? $0 : -$0), $0 < 5 ? 1 : 2] }
    #expect(try series(folder) == ["loss": expected])
  }
}

struct CRC32CTests {
  @Test(
    arguments: [
      ([], 0), (Array("123456789".utf8), 0xe306_9283),
      // RFC 3720, appendix B.4.
      ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
      ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
      (Array(0..<32), 0x46dd_794e), ((0..<32).reversed(), 0x113f_db5c),
    ] as [([UInt8], UInt32)])
  func knownChecksums(_ bytes: [UInt8], _ checksum: UInt32) {
    #expect(CRC32C.checksum(bytes) == checksum)
  }

  @Test func recordsComeBack() throws {
    let folder = try TemporaryFolder()
    let records: [[UInt8]] = [[], [7], Array(repeating: 3, count: 100_000)]
    let path = try folder.write("x", records.flatMap { TFRecord.framed($0) })
    let reader = try TFRecordReader(path: path)
    for record in records { #expect(try reader.next() == record) }
    #expect(try reader.next() == nil)
  }
}
