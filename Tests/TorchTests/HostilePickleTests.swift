import Foundation
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Files made to do harm are refused by the name of what they ask for.
@Suite struct HostilePickleTests {
  /// `Scripts/make_file_fixtures.py` makes sure that Python runs the command in each of these.
  @Test(arguments: [
    ("reduce", "asks for posix.system,"), ("stack_global", "asks for builtins.eval,"),
    ("inst", "asks for posix.system,"), ("obj", "asks for posix.system,"),
    ("newobj", "asks for builtins.tuple,"), ("newobj_ex", "asks for builtins.tuple,"),
    ("build", "asks for posix.system,"), ("ext", "extension 119"),
  ])
  func runsNoCommand(kind: String, part: String) {
    for name in ["evil_\(kind).pth", "evil_\(kind)_legacy.pth"] { refused(name, part) }
  }

  /// The command stands beside a state dictionary that is in order.
  @Test(arguments: ["evil_checkpoint_2.pth", "evil_checkpoint_4.pth"])
  func runsNoCommandBesideWeights(name: String) { refused(name, "asks for posix.system,") }

  private func refused(_ name: String, _ part: String) {
    let path = Fixture.path(name)
    let text = message { _ = try PyTorchFile(path) }
    for expected in [path, part, "nothing was run"] {
      #expect(text?.contains(expected) == true, "\(name): \(text ?? "no error")")
    }
    #expect(!FileManager.default.fileExists(atPath: "evil_ran"))
  }

  @Test func refusesAPickle() throws {
    let folder = try TemporaryFolder()
    for (pickle, part) in Self.pickles {
      for bytes in [PickleBuilder.zip(pickle), PickleBuilder.legacy(pickle)] {
        let path = try folder.write("x.pth", bytes)
        let text = message { _ = try PyTorchFile(path) } ?? "no error"
        #expect(text.contains(path) && text.contains(part) && text.count < 500, "\(part): \(text)")
      }
    }
  }

  private static let pickles: [(pickle: [UInt8], part: String)] = [
    // A name that is asked for and thrown away.
    (ascii("cposix\nsystem\n0}"), "asks for posix.system,"),
    // A name with a line of its own for the terminal.
    (ascii("cos\u{1b}[2J\r\nsystem\n"), "os?[2J?.system"),
    // A known name called with what it is not for.
    (ascii("ctorch\nFloatStorage\n)R"), "other arguments"),
    (ascii("ccollections\nOrderedDict\nK)R"), "nothing was run"),
    (ascii("ctorch._utils\n_rebuild_tensor_v2\n)R"), "other arguments"),
    // Attributes of a list; an object of a known class; a reference to another file.
    (ascii("]}b"), "sets attributes of a list"),
    (ascii("ccollections\nOrderedDict\n)") + [0x81], "makes an object"),
    (ascii("icollections\nOrderedDict\n"), "makes an object"),
    (ascii(")Q"), "refers to a tuple outside the pickle"),
    // Nesting as deep as the pickle is long; a list in itself.
    (ascii("]") + [UInt8](repeating: 0x85, count: deep), "holds a tuple"),
    (
      [UInt8](repeating: 0x5d, count: deep) + [UInt8](repeating: 0x61, count: deep - 1),
      "holds a list"
    ),
    (ascii("]q\u{0}h\u{0}a"), "holds a list"),
    // More instructions, copies of one list, or bytes than there may be.
    ([UInt8](repeating: 0x4e, count: many), "more than 2097152 instructions"),
    ([UInt8](repeating: 0x28, count: many), "more than 2097152 instructions"),
    (copies, "more than 2097152 instructions"),
    ([0x58, 0, 0, 0, 0x80], "2147483648 more bytes expected"),
    ([0x8d] + [UInt8](repeating: 0xff, count: 8), "a length of 18446744073709551615"),
    ([0x8b, 0xff, 0xff, 0xff, 0x7f], "2147483647 more bytes expected"),
    // Instructions that need what is not there.
    (ascii("0"), "a value expected"), (ascii("R"), "2 values expected"),
    (ascii("t"), "a mark expected"), (ascii("N(") + [0x85], "1 values expected"),
    (ascii("h\u{7}"), "value 7 was never remembered"), (ascii("NN"), "left over"),
    (ascii("}(K\u{1}u"), "sets 1 items of"), (ascii("Na"), "a value expected"),
    (ascii("cos"), "a name without an end"), ([0x58, 1, 0, 0, 0, 0xff], "not UTF-8"),
    // Other protocols.
    (ascii("I1\n"), "no instruction of protocols 2 to 5 has the number 73"),
    ([0x80, 6, 0x7d], "protocol 6, expected 2 to 5"), ([0x97], "a buffer outside the file"),
  ]

  private static let (deep, many) = (200_000, 2_100_000)

  private static func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// Sets made again and again from one list of 10,000, each then made longer: a few bytes of
  /// pickle would take 240 KB each time.
  private static let copies: [UInt8] = {
    let list: [UInt8] = [0x5d, 0x71, 0, 0x28] + [UInt8](repeating: 0x4e, count: 10_000) + [0x65]
    let copy = ascii("cbuiltins\nset\nh\u{0}") + [0x85] + ascii("RNa")
    return list + [[UInt8]](repeating: copy, count: 1000).joined()
  }()

  @Test(arguments: [
    (0, [2, 3], [3, 1], true), (1, [5], [1], true), (5, [1], [9], true),
    (0, [6, 0], [7, 7], true),
    (9, [0], [1], true), (5, [1, 1], [Int.max, Int.max], true), (0, [3, 2], [1, 3], true),
    (1, [6], [1], false), (6, [], [], false), (-1, [2], [1], false), (0, [-1], [1], false),
    (0, [2], [-1], false), (5, [2], [-1], false), (0, [2], [Int.max], false),
    (Int.max, [2], [1], false), (0, [Int.max, 2], [0, 0], false), (0, [2, 3], [3], false),
    (0, [3, 3], [Int.max / 2, Int.max / 2], false),
    (0, [Int](repeating: 1, count: 64), [Int](repeating: 1, count: 64), true),
    (0, [Int](repeating: 1, count: 65), [Int](repeating: 1, count: 65), false),
  ])
  func aTensorLiesInItsStorage(
    offset: Int, shape: [Int], strides: [Int], isIn: Bool
  ) throws {
    let folder = try TemporaryFolder()
    let tensor = PickleBuilder.tensor(count: 6, offset: offset, shape: shape, strides: strides)
    let bytes = PickleBuilder.zip(
      PickleBuilder.dictionary([("x", tensor)]), storages: ["0": [UInt8](repeating: 0, count: 24)])
    let path = try folder.write("x.pth", bytes)
    let text = message { _ = try PyTorchFile(path).readAll() }
    #expect((text == nil) == isIn, "\(text ?? "no error")")
    if isIn {
      #expect(try PyTorchFile(path).read("x").shape == shape)
    } else {
      #expect(text?.contains(path) == true)
    }
  }

  /// 16 times the storage and 1 MiB together, to the byte.
  @Test func repetitionIsCapped() throws {
    let folder = try TemporaryFolder()
    func read(_ counts: [Int]) -> String? {
      let items = counts.enumerated().map { index, count in
        ("\(index)", PickleBuilder.tensor(count: 1, shape: [count], strides: [0]))
      }
      let bytes = PickleBuilder.zip(
        PickleBuilder.dictionary(items), storages: ["0": [0, 0, 128, 63]])
      return message {
        for (_, tensor) in try PyTorchFile(folder.write("x.pth", bytes)).readAll() {
          #expect(tensor.array(as: Float.self).allSatisfy { $0 == 1 })
        }
      }
    }
    let limit = (16 * 4 + (1 << 20)) / 4
    #expect(read([limit]) == nil)
    #expect(read([limit + 1])?.contains("would take more than 1048640 bytes") == true)
    #expect(read([limit - 100, 100]) == nil)
    #expect(read([limit - 100, 101])?.contains("would take more than 1048640 bytes") == true)
    #expect(read([Int.max / 4, Int.max / 4, Int.max / 4])?.contains("would take more") == true)
  }

  @Test func storagesAreAsDeclared() throws {
    let folder = try TemporaryFolder()
    let pickle = PickleBuilder.dictionary([
      ("x", PickleBuilder.tensor("Bool", count: 4, shape: [4], strides: [1]))
    ])
    func read(_ bytes: [UInt8]) -> String? {
      message { _ = try PyTorchFile(folder.write("x.pth", bytes)).readAll() }
    }
    let zip = { PickleBuilder.zip(pickle, storages: $0) }
    #expect(read(zip(["0": [0, 1, 0, 1]])) == nil)
    #expect(read(zip(["0": [0, 1, 2, 1]]))?.contains("element 2 of a bool array is 2") == true)
    #expect(read(zip(["0": [0, 1, 0]]))?.contains("expected 4 bytes") == true)
    #expect(read(zip(["0": [0, 1, 0, 1, 0]]))?.contains("found 5") == true)
    #expect(read(zip(["1": [0, 1, 0, 1]]))?.contains("found no such file") == true)

    func legacy(_ keys: [String], _ storages: [UInt8]) -> [UInt8] {
      let list: [UInt8] = Array(keys.map { PickleBuilder.string($0) + [0x61] }.joined())
      return PickleBuilder.legacy(pickle, end: [0x80, 2, 0x5d] + list + [0x2e] + storages)
    }
    let four = PickleBuilder.little(4, 8)
    #expect(read(legacy(["0"], four + [0, 1, 0, 1])) == nil)
    #expect(read(legacy([], four + [0, 1, 0, 1]))?.contains("list of its 1 storages") == true)
    #expect(read(legacy(["1"], four + [0, 1, 0, 1]))?.contains("no tensor lies in") == true)
    #expect(read(legacy(["0", "0"], four + [0, 1, 0, 1]))?.contains("1 storages") == true)
    #expect(read(legacy(["0"], four + [0, 1, 0]))?.contains("of 4 bytes expected at") == true)
    #expect(read(legacy(["0"], four + [0, 1, 0, 1, 0]))?.contains("1 bytes follow") == true)
    let five = PickleBuilder.little(5, 8)
    #expect(read(legacy(["0"], five + [0, 1, 0, 1, 0]))?.contains("another size") == true)
  }

  /// The first says 4 elements, the second 2^40 in the same bytes.
  @Test func aStorageIsOneThing() throws {
    let folder = try TemporaryFolder()
    for other in [("Float", 1 << 40), ("Double", 2), ("Int", 4)] {
      let pickle = PickleBuilder.dictionary([
        ("x", PickleBuilder.tensor(count: 4, shape: [4], strides: [1])),
        ("y", PickleBuilder.tensor(other.0, count: other.1, shape: [2], strides: [1])),
      ])
      let bytes = PickleBuilder.zip(pickle, storages: ["0": [UInt8](repeating: 0, count: 16)])
      let path = try folder.write("x.pth", bytes)
      let text = message { _ = try PyTorchFile(path) }
      #expect(text?.contains("storage '0' has one type and size first") == true)
    }
  }
}
