import Foundation
import FunMatchBanks
import FunMatchFiles
import FunMatchRecipes
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// What is recorded comes back, in this process or a later one; what is damaged is refused.
struct LogitBankTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func bank(
    _ precision: BankRecipe.Precision = .f32, lines: [String] = ["seed: a", "views: b"],
    environment: [String] = ["libtorch: 1"], batch: Int = 4, classes: [Int] = [3, 5],
    wanted: Int = .max
  ) throws -> LogitBank {
    // What a recipe says of batches, teachers and precision is a part of the identity.
    let own = ["batchSize: \(batch)", "classes: \(classes)", "precision: \(precision.rawValue)"]
    return try LogitBank(
      folder: folder.path, identity: BankIdentity(lines: lines + own, environment: environment),
      batchSize: batch, classes: classes, precision: precision, wanted: wanted)
  }

  /// Two teachers' logits of a step, the same for the same step.
  private func computed(_ step: Int, batch: Int = 4, classes: [Int] = [3, 5]) -> [Tensor] {
    classes.map { classes in
      let values = (0..<batch * classes).map { Float(sin(Double(step * 1000 + $0 * 7))) * 9 }
      return Tensor(values, shape: [batch, classes])
    }
  }

  private func fill(_ bank: LogitBank, to end: Int) throws {
    for step in bank.steps..<end { try bank.record(computed(step), step: step) }
    try bank.synchronize()
  }

  private func expect(_ bank: LogitBank, has steps: Int) throws {
    #expect(bank.steps == steps)
    for step in 0..<steps {
      for (kept, expected) in zip(
        try bank.logits(step), try bank.rounded(computed(step), step: step))
      {
        #expect(kept.dtype == .f32 && maximumDifference(kept, expected) == 0)
      }
    }
  }

  /// Opens the bank, which must be refused with one sentence that says what to remove.
  private func expectRefusal(
    _ word: String, _ precision: BankRecipe.Precision = .f32,
    location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try state()
    let error = #expect(throws: FileError.self, sourceLocation: location) {
      try bank(precision)
    }
    let words = error?.description ?? ""
    #expect(words.contains(word) && words.contains("remove"), "\(words)", sourceLocation: location)
    #expect(!words.contains("\n"), sourceLocation: location)
    #expect(try state() == before, sourceLocation: location)
  }

  private func state() throws -> [String: [UInt8]] {
    try Dictionary(uniqueKeysWithValues: folder.contents.map { ($0, try folder.bytes($0)) })
  }

  private func name(_ ending: String) throws -> String {
    try #require(try folder.contents.first { $0.hasSuffix(ending) })
  }

  @Test(arguments: BankRecipe.Precision.allCases)
  func whatIsRecordedComesBack(_ precision: BankRecipe.Precision) throws {
    do {
      let bank = try bank(precision)
      #expect(bank.isWritable && bank.steps == 0)
      // Read behind the recording, on the disk or not.
      for step in 0..<5 {
        try bank.record(computed(step), step: step)
        if step == 2 { try bank.synchronize() }
        try expect(bank, has: step + 1)
      }
      try bank.synchronize()
    }
    let size = try folder.bytes(name(".\(precision.rawValue)")).count
    #expect(
      size
        == 5 * LogitBank.bytesPerStep(batchSize: 4, classes: [3, 5], precision: precision))
    // A longer run goes on with it.
    do {
      let longer = try bank(precision)
      try expect(longer, has: 5)
      try fill(longer, to: 9)
      try expect(longer, has: 9)
    }
    let last = try bank(precision, wanted: 9)
    try expect(last, has: 9)
    #expect(!last.isWritable)
  }

  /// Bits are those of NumPy's `astype(float16)`, ties to even, subnormal numbers too.
  @Test func halvesAreRoundedAsNumPyRounds() throws {
    let values: [Float] = [
      0, -0.0, 1, -2, 65504, 0x1p-24, 1 / 3, 1 + 0x1p-11, 1 + 0x3p-11, 0.1, 0x1p-25, 0x3p-25, 2049,
      2051, -7.123456, 1e-5,
    ]
    let bits: [UInt16] = [
      0, 0x8000, 0x3c00, 0xc000, 0x7bff, 1, 0x3555, 0x3c00, 0x3c02, 0x2e66, 0, 2, 0x6800, 0x6802,
      0xc720, 0x00a8,
    ]
    let bank = try bank(.f16, batch: 4, classes: [4])
    let tensor = Tensor(values, shape: [4, 4])
    try bank.record([tensor], step: 0)
    try bank.synchronize()
    #expect(
      try folder.bytes(name(".f16")) == bits.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })
    let kept = try bank.logits(0)[0].array(as: Float.self).map(\.bitPattern)
    #expect(try kept == bank.rounded([tensor], step: 0)[0].array(as: Float.self).map(\.bitPattern))
  }

  @Test func floatsAreKeptToTheBit() throws {
    let values: [Float] = [0, -0.0, 1.1, -3e38, .leastNonzeroMagnitude, .pi]
    let bank = try bank(batch: 1, classes: [6])
    try bank.record([Tensor(values, shape: [1, 6])], step: 0)
    try bank.synchronize()
    let bytes = values.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
    #expect(try folder.bytes(name(".f32")) == bytes)
    let kept = try bank.logits(0)[0].array(as: Float.self)
    #expect(kept.map(\.bitPattern) == values.map(\.bitPattern))
  }

  @Test func anotherIdentityIsAnotherBank() throws {
    try fill(bank(), to: 2)
    #expect(try bank(lines: ["seed: a", "views: c"]).steps == 0)
    #expect(try bank(batch: 5).steps == 0)
    #expect(try bank(classes: [5, 3]).steps == 0)
    #expect(try bank(.f16).steps == 0)
    #expect(try bank().steps == 2)
    #expect(try folder.contents.count == 10)
  }

  /// What another libtorch recorded is read if it is whole, and never extended.
  @Test func anotherEnvironmentIsReadAndNeverExtended() throws {
    #expect(try bank().note == nil)
    try fill(bank(), to: 3)
    let before = try state()
    let other = try bank(environment: ["libtorch: 2"], wanted: 3)
    try expect(other, has: 3)
    #expect(!other.isWritable)
    #expect(other.note?.contains("libtorch: 1 there, 2 now") == true, "\(other.note ?? "")")
    #expect(try state() == before)
    let longer = try bank(environment: ["libtorch: 2"], wanted: 4)
    #expect(longer.steps == 0 && longer.isWritable)
    #expect(longer.note?.contains("libtorch: 1 there, 2 now") == true, "\(longer.note ?? "")")
  }

  /// Who finds nothing of use learns in what the nearest differs.
  @Test func linesThatDifferAreNamed() throws {
    try fill(bank(), to: 1)
    try fill(bank(lines: ["seed: a", "views: z", "more: 1"]), to: 1)
    let note = try bank(lines: ["seed: c", "views: b"]).note
    #expect(note?.contains("seed: a there, c now") == true, "\(note ?? "")")
    #expect(note?.contains("views") == false)
    _ = try folder.write("old.json", Array(#"{"origin": ["x"], "steps": 1}"#.utf8))
    for name in try folder.contents where name != "old.json" {
      try FileManager.default.removeItem(atPath: folder.file(name))
    }
    #expect(try bank().note?.contains("old.json was described by an earlier version") == true)
  }

  /// The one key that counts and may change while a run goes on: what changed, and what can be done.
  @Test func whatIsDoneAboutBrokenImagesIsNamed() throws {
    try fill(bank(lines: ["seed: b", "onBrokenImage: skip"]), to: 1)
    try fill(bank(lines: ["seed: a", "onBrokenImage: fail"]), to: 1)
    let other = try bank(lines: ["seed: a", "onBrokenImage: skip"])
    let note = other.note ?? ""
    #expect(
      note.contains("is of no use here, since it differs in onBrokenImage: fail there, skip now"))
    #expect(note.hasSuffix("with `onBrokenImage: fail` in the recipe, what is kept would be used"))
    #expect(other.noteIsWarning && other.steps == 0 && !note.contains("seed"), "\(note)")
    let usual = try bank(lines: ["seed: c", "onBrokenImage: skip"])
    #expect(usual.note?.contains("seed: ") == true && !usual.noteIsWarning)
    let same = try bank(lines: ["seed: a", "onBrokenImage: fail"])
    #expect(same.note == nil && !same.noteIsWarning)
  }

  @Test func whatIsNotSynchronizedIsLostAndNothingElse() throws {
    do {
      let bank = try bank()
      try fill(bank, to: 3)
      for step in 3..<6 { try bank.record(computed(step), step: step) }
    }
    // Half a step, as somebody who is killed leaves it.
    let data = try name(".f32")
    _ = try folder.write(data, Array(try folder.bytes(data).dropLast(7)))
    let next = try bank()
    try expect(next, has: 3)
    #expect(try folder.bytes(data).count == 3 * 4 * 8 * 4)
    try fill(next, to: 5)
    try expect(next, has: 5)
  }

  @Test func killedBeforeAnythingWasSynchronized() throws {
    do {
      let bank = try bank()
      try bank.record(computed(0), step: 0)
    }
    #expect(try !folder.bytes(name(".f32")).isEmpty)
    try fill(bank(), to: 2)
    // Killed before the description was there.
    try FileManager.default.removeItem(atPath: folder.file(name(".json")))
    let data = try folder.write(name(".f32"), [])
    #expect(try bank().steps == 0)
    #expect(data.hasSuffix(".f32"))
  }

  @Test func descriptionsOfAnEarlierTimeAreBelieved() throws {
    let first = try bank()
    try fill(first, to: 2)
    let page = try folder.bytes(name(".json"))
    try fill(first, to: 6)
    _ = try folder.write(name(".json"), page)
    try expect(bank(wanted: 2), has: 2)
  }

  @Test func everyByteIsVerified() throws {
    try fill(bank(), to: 3)
    let data = try name(".f32")
    let whole = try folder.bytes(data)
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 1 << UInt8(place % 8)
      _ = try folder.write(data, bytes)
      try expectRefusal("steps 1 to 3")
    }
    _ = try folder.write(data, whole)
    try expect(bank(), has: 3)
  }

  @Test func everyChunkIsVerified() throws {
    // 256 kB a step, 65 or so steps a chunk.
    let logits = [Tensor.randn([64, 1000])]
    func open() throws -> LogitBank { try bank(batch: 64, classes: [1000]) }
    do {
      let bank = try open()
      for step in 0..<150 {
        try bank.record(logits, step: step)
        if step % 40 == 0 { try bank.synchronize() }
      }
      try bank.synchronize()
    }
    let opened = try open()
    #expect(opened.steps == 150)
    for step in [0, 64, 65, 149] {
      #expect(try maximumDifference(opened.logits(step)[0], logits[0]) == 0)
    }
    let path = opened.path
    for (step, range) in [(0, "1 to 65"), (64, "1 to 65"), (65, "66 to 130"), (149, "131 to 150")] {
      let file = try #require(FileHandle(forUpdatingAtPath: path))
      let place = UInt64(step * 256_000 + 777)
      try file.seek(toOffset: place)
      let byte = try #require(try file.read(upToCount: 1)?.first)
      try file.seek(toOffset: place)
      try file.write(contentsOf: [byte ^ 4])
      let error = #expect(throws: FileError.self) { try open() }
      #expect(error?.description.contains("steps \(range) ") == true, "\(error?.description ?? "")")
      try file.seek(toOffset: place)
      try file.write(contentsOf: [byte])
      try file.close()
    }
    #expect(try open().steps == 150)
  }

  /// A mapped file would end the program with a signal.
  @Test func aFileThatBecomesShorterWhileItIsReadIsAnError() throws {
    try fill(bank(), to: 3)
    let bank = try bank()
    _ = try bank.logits(0)
    truncate(folder.file(try name(".f32")), 5)
    let error = #expect(throws: FileError.self) { try bank.logits(1) }
    #expect(error?.description.contains("became shorter") == true)
  }

  @Test func filesThatDoNotBelongTogetherAreRefused() throws {
    try fill(bank(), to: 3)
    let (data, page) = (try name(".f32"), try name(".json"))
    let (bytes, text) = (try folder.bytes(data), try folder.bytes(page))
    func restore() throws {
      _ = try folder.write(data, bytes)
      _ = try folder.write(page, text)
    }
    _ = try folder.write(data, Array(bytes.dropLast(1)))
    try expectRefusal("shorter")
    _ = try folder.write(data, [])
    try expectRefusal("shorter")
    try FileManager.default.removeItem(atPath: folder.file(data))
    try expectRefusal("is missing")
    try restore()
    try FileManager.default.removeItem(atPath: folder.file(page))
    try expectRefusal("without")
    let broken: [[UInt8]] = [
      [], Array("{}".utf8), text.dropLast(9), Array("[1]".utf8), [0, 255],
    ]
    for bytes in broken {
      _ = try folder.write(page, bytes)
      try expectRefusal("damaged")
    }
    // Its checksum would tell first.
    let words = String(decoding: text, as: UTF8.self)
      .replacing(/\n[ ]+"check" : "[0-9a-f]+",/, with: "")
    for (right, wrong, why) in [
      ("\"seed: a\"", "\"seed: x\"", "other logits"),
      ("\"batchSize\" : 4", "\"batchSize\" : 2", "other logits"),
      ("\"f32\"", "\"f16\"", "other logits"), ("\"steps\" : 3", "\"steps\" : 2", "damaged"),
      ("\"steps\" : 3", "\"steps\" : 0", "damaged"), ("\"steps\" : 3", "\"steps\" : -3", "damaged"),
      ("\"steps\" : 3", "\"steps\" : 9223372036854775807", "damaged"),
      ("\"steps\" : 3", "\"steps\" : 4", "shorter"),
    ] {
      let changed = words.replacingOccurrences(of: right, with: wrong)
      #expect(changed != words, "\(right)")
      _ = try folder.write(page, Array(changed.utf8))
      try expectRefusal(why)
    }
    try restore()
    try expect(bank(), has: 3)
  }

  @Test func onlyOneRecords() throws {
    let first = try bank()
    try fill(first, to: 2)
    try first.record(computed(2), step: 2)
    let second = try bank()
    #expect(first.isWritable && !second.isWritable)
    try expect(second, has: 2)
    // Nothing comes of it, and the first is not disturbed.
    try second.record([Tensor.full([4, 3], 7), .full([4, 5], 7)], step: 2)
    try second.synchronize()
    #expect(second.steps == 2)
    try first.synchronize()
    try expect(first, has: 3)
    try expect(bank(wanted: 3), has: 3)
  }

  @Test func whoComesAfterwardsRecords() throws {
    do {
      let first = try bank()
      #expect(first.isWritable)
      #expect(try !bank().isWritable)
    }
    #expect(try bank().isWritable)
  }

  @Test func whoeverNeedsNothingNewLocksNothing() throws {
    try fill(bank(), to: 4)
    let reader = try bank(wanted: 4)
    #expect(!reader.isWritable)
    let before = try state()
    try reader.synchronize()
    #expect(try state() == before)
    #expect(try bank().isWritable)
  }

  @Test(arguments: [
    (BankRecipe.Precision.f32, Float.nan, "nan"), (.f32, -.infinity, "-inf"), (.f16, .nan, "nan"),
    (.f16, 65_505, "precision: f32"), (.f16, -1e30, "precision: f32"),
  ])
  func logitsThatCannotBeStoredAreNamed(
    precision: BankRecipe.Precision, value: Float, word: String
  ) throws {
    let bank = try bank(precision)
    try bank.record(computed(0), step: 0)
    var values = [Float](repeating: 1, count: 20)
    values[13] = value
    let logits = [computed(1)[0], Tensor(values, shape: [4, 5])]
    let error = try #require(
      #expect(throws: FileError.self) { try bank.record(logits, step: 1) })
    // Whoever does not record learns from the same.
    #expect(throws: error) { try bank.rounded(logits, step: 1) }
    let words = error.description
    #expect(words.contains("teacher 1, class 3 of image 2 at step 2"), "\(words)")
    #expect(words.contains(word), "\(words)")
    // What can be stored still is.
    try fill(bank, to: 3)
    try expect(bank, has: 3)
  }

  @Test func tooLittleRoomIsSaidBeforehand() throws {
    try LogitBank.checkSpace(folder: folder.file("not/yet/there"), bytes: 1000)
    let error = #expect(throws: FileError.self) {
      try LogitBank.checkSpace(folder: folder.file("not/yet/there"), bytes: 1 << 60)
    }
    #expect(error?.description.contains(" MB") == true)
  }
}
