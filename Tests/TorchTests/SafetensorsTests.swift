import FunMatchFiles
import FunMatchTestSupport
import FunMatchTorch
import Testing

@Suite struct SafetensorsTests {
  /// What the script saved, in the order in which the official writer lays it out.
  let official: [(name: String, tensor: Tensor)] = [
    ("i64", Fixture.tensor([3], .i64)), ("f64", Fixture.tensor([3], .f64)),
    ("a/f32", Fixture.tensor([2, 2, 2])), ("empty", Fixture.tensor([0, 3])),
    ("f32", Fixture.tensor([2, 3])), ("scalar", Fixture.tensor([])),
    ("é \"\n\u{1}", Fixture.tensor([1])), ("i32", Fixture.tensor([3], .i32)),
    ("bf16", Fixture.tensor([3], .bf16)), ("f16", Fixture.tensor([3], .f16)),
    ("u8", Fixture.tensor([3], .u8)), ("bool", Fixture.tensor([3], .bool)),
  ]

  @Test func readsWhatTheOfficialPackageWrote() throws {
    let file = try SafetensorsFile(Fixture.path("official.safetensors"))
    #expect(file.names == official.map(\.name))
    #expect(file.metadata == ["spec": "a: \"b\"\n"])
    for (name, tensor) in official {
      #expect(same(try file.read(name), tensor), "\(name)")
      #expect(try file.shape(of: name) == tensor.shape)
      #expect(try file.dtype(of: name) == tensor.dtype)
    }
    #expect(try file.readAll().map(\.name) == file.names)
  }

  @Test func writesTheBytesThatTheOfficialPackageWrites() throws {
    let folder = try TemporaryFolder()
    try Safetensors.write(
      official.reversed(), metadata: ["spec": "a: \"b\"\n"], to: folder.file("x.safetensors"))
    #expect(try folder.bytes("x.safetensors") == Fixture.bytes("official.safetensors"))
    #expect(try folder.contents == ["x.safetensors"])
  }

  @Test func sortsMetadata() throws {
    let folder = try TemporaryFolder()
    let metadata = Dictionary(uniqueKeysWithValues: (0..<20).map { ("key\($0)", "\($0)") })
    try Safetensors.write([], metadata: metadata, to: folder.file("x"))
    let text = String(decoding: try folder.bytes("x").dropFirst(8), as: UTF8.self)
    let positions = metadata.keys.sorted().map { text.range(of: "\"\($0)\"")?.lowerBound }
    let ordered = zip(positions, positions.dropFirst()).allSatisfy { a, b in
      guard let a, let b else { return false }
      return a < b
    }
    #expect(ordered)
    #expect(try SafetensorsFile(folder.file("x")).metadata == metadata)
  }

  @Test func padsTheHeaderByLessThanEightBlanks() throws {
    let folder = try TemporaryFolder()
    for length in 0..<8 {
      let value = String(repeating: "v", count: length)
      try Safetensors.write([], metadata: ["key": value], to: folder.file("x"))
      let bytes = try folder.bytes("x")
      let blanks = bytes.reversed().prefix { $0 == 0x20 }.count
      #expect(bytes.count % 8 == 0 && blanks < 8 && bytes[bytes.count - 1 - blanks] == 0x7d)
    }
  }

  @Test func writesNothingAtAll() throws {
    let folder = try TemporaryFolder()
    try Safetensors.write([], to: folder.file("x"))
    // What the official package makes of no tensors: braces padded to 8 bytes.
    #expect(try folder.bytes("x") == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
    #expect(try SafetensorsFile(folder.file("x")).names == [])
  }

  @Test func writesTensorsThatAreNotContiguous() throws {
    let folder = try TemporaryFolder()
    let tensor = Fixture.tensor([2, 3, 4, 5]).channelsLast
    let turned = tensor.permuted([3, 1, 0, 2])
    try Safetensors.write([("a", tensor), ("b", turned)], to: folder.file("x"))
    let file = try SafetensorsFile(folder.file("x"))
    #expect(same(try file.read("a"), Fixture.tensor([2, 3, 4, 5])))
    #expect(same(try file.read("b"), turned))
    #expect(try file.shape(of: "b") == [5, 3, 2, 4])
  }

  @Test func refusesToWrite() throws {
    let folder = try TemporaryFolder()
    let one = Tensor.ones([1])
    for tensors in [[("a", one), ("a", one)], [("__metadata__", one)]] {
      let text = message { try Safetensors.write(tensors, to: folder.file("x")) }
      #expect(text?.contains("twice or reserved") == true)
    }
    #expect(try folder.contents == [])
  }

  @Test func namesAMissingTensor() throws {
    let file = try SafetensorsFile(Fixture.path("official.safetensors"))
    let text = message { _ = try file.read("head/kernel") }
    #expect(text?.contains("no tensor 'head/kernel'") == true)
    #expect(text?.contains(file.path) == true)
    #expect(throws: FileError.self) { try file.shape(of: "head/kernel") }
    #expect(throws: FileError.self) { try file.dtype(of: "head/kernel") }
  }

  @Test func namesATypeThatIsNotSupported() {
    let text = message { _ = try SafetensorsFile(Fixture.path("bad_i16.safetensors")) }
    #expect(text?.contains("tensor 'x': dtype I16 is not supported") == true)
  }

  /// Each header describes 8 bytes of data, wrongly.
  @Test(arguments: [
    (#"{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,8]}}"#, "takes 4398046511104"),
    (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#, "no array"),
    (#"{"a":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,8]}}"#, "no array"),
    (#"{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]}}"#, "2^63"),
    (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, "a size of 0 or more"),
    (#"{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#, "']'"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, "span 4"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "outside"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, "outside"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, "two data_offsets"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}"#, "two data_offsets"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "8 follow the header"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "leaves a hole"),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      "overlaps"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      "'a' twice"
    ),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}"#, "'more'"),
    (#"{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, "'dtype'"),
    (#"{"a":{"dtype":"F32","data_offsets":[0,8]}}"#, "expected a dtype, a shape"),
    (#"{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#, "F8_E4M3 is not supported"),
    (#"{"a":{"dtype":"f32","shape":[2],"data_offsets":[0,8]}}"#, "f32 is not supported"),
    (#"{"a":[]}"#, "'{'"), (#"[]"#, "'{'"), (#" {}"#, "'{'"), ("{}", "8 follow the header"),
    ("", "'{'"), (#"{"a"#, "closing quote"), (#"{"a\q":{}}"#, "JSON escape"),
    (#"{"\ud800":{}}"#, "surrogate"), (#"{"\ud800\u0041":{}}"#, "surrogate"),
    (#"{"\u00g0":{}}"#, "hexadecimal"),
    (#"{"__metadata__":{"a":1}}"#, "'\"'"), (#"{"__metadata__":{"a":"1","a":"2"}}"#, "'a' twice"),
    (#"{"__metadata__":{},"__metadata__":{}}"#, "twice"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} {}"#, "nothing more"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},}"#, "'\"'"),
  ])
  func refusesALyingHeader(header: String, part: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("x.safetensors", Self.file(header))
    let text = message { _ = try SafetensorsFile(path) }
    #expect(text?.contains(path) == true && text?.contains(part) == true, "\(text ?? "no error")")
  }

  @Test(arguments: [
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    #"{ "a" : { "shape" : [ 2 , 1 ] , "data_offsets":[0,8] , "dtype":"\u004632" } , "__metadata__":{} }   "#,
    #"{"b":{"dtype":"U8","shape":[0],"data_offsets":[8,8]},"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\ud83d\ude00/\/":{"dtype":"U8","shape":[0],"data_offsets":[8,8]}}"#,
  ])
  func readsEveryWayToWriteAHeader(header: String) throws {
    let folder = try TemporaryFolder()
    let file = try SafetensorsFile(try folder.write("x", Self.file(header)))
    #expect(file.names.first == "a")
    #expect(try file.read("a").bytes == [1, 0, 1, 0, 1, 0, 1, 0])
    #expect(file.names.count == 1 || ["b", "😀//"].contains(file.names[1]))
  }

  @Test func refusesAHeaderLongerThanTheFile() throws {
    let folder = try TemporaryFolder()
    for length: UInt64 in [9, 1 << 32, 1 << 63, .max] {
      let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) }
      let path = try folder.write("x", prefix + Array("{}      ".utf8))
      #expect(message { _ = try SafetensorsFile(path) }?.contains("\(length) bytes") == true)
    }
    let path = try folder.write("x", [1, 2, 3])
    #expect(message { _ = try SafetensorsFile(path) }?.contains("too few") == true)
  }

  @Test func hostileNestingIsAPlainError() throws {
    let folder = try TemporaryFolder()
    for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
      let depth = 1_000_000
      let header = String(repeating: open, count: depth) + String(repeating: close, count: depth)
      let path = try folder.write("x", Self.file(#"{"x":"# + header + "}"))
      #expect(message { _ = try SafetensorsFile(path) }?.contains(path) == true)
    }
  }

  @Test func refusesBytesThatAreNoText() throws {
    let folder = try TemporaryFolder()
    for bytes in [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0x0a]] as [[UInt8]] {
      let header = Array(#"{"__metadata__":{"a":""#.utf8) + bytes + Array(#""}}"#.utf8)
      let path = try folder.write("x", [UInt8(header.count), 0, 0, 0, 0, 0, 0, 0] + header)
      #expect(throws: FileError.self) { try SafetensorsFile(path) }
    }
  }

  @Test func refusesBooleansThatAreNone() throws {
    let folder = try TemporaryFolder()
    var bytes = try Fixture.bytes("official.safetensors")
    bytes[bytes.count - 1] = 7
    let file = try SafetensorsFile(try folder.write("x", bytes))
    #expect(message { _ = try file.read("bool") }?.contains("expected 0 or 1") == true)
  }

  /// A file with `header` and 8 bytes of data.
  static func file(_ header: String) -> [UInt8] {
    let text = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
      + [1, 0, 1, 0, 1, 0, 1, 0]
  }
}
