import Foundation
import FunMatchFiles
import FunMatchTestSupport
import FunMatchTorch
import Testing

@Suite struct NpzTests {
  @Test(arguments: ["stored.npz", "deflated.npz"])
  func readsWhatNumPyWrote(name: String) throws {
    let file = try NpzFile(Fixture.path(name))
    #expect(file.names == ["block/kernel", "bias", "scalar", "label", "fortran"])
    #expect(same(try file.read("block/kernel"), Fixture.tensor([2, 3])))
    #expect(same(try file.read("bias"), Fixture.tensor([3], .f64)))
    #expect(same(try file.read("scalar"), Fixture.tensor([])))
    #expect(same(try file.read("label"), Fixture.tensor([4], .i32)))
    #expect(same(try file.read("fortran"), Fixture.tensor([2, 3, 4])))
    #expect(try file.readAll().map(\.name) == file.names)
  }

  @Test func writesWhatItReads() throws {
    let folder = try TemporaryFolder()
    // More than libzip copies at once, so that reading in pieces is seen to work.
    let large = Tensor((0..<100_000).map { Float($0) }, shape: [100, 1000])
    let arrays: [(name: String, tensor: Tensor)] = [
      ("z/large", large), ("a", Fixture.tensor([2, 3], .u8)), ("é", Fixture.tensor([])),
      ("empty", Fixture.tensor([0, 3])), ("turned", Fixture.tensor([2, 3]).permuted([1, 0])),
    ]
    try Npz.write(arrays, to: folder.file("x.npz"))
    let file = try NpzFile(folder.file("x.npz"))
    #expect(file.names == arrays.map(\.name))
    for (name, tensor) in arrays {
      #expect(same(try file.read(name), tensor), "\(name)")
    }
    #expect(try folder.contents == ["x.npz"])
  }

  @Test func writesTheSameBytesAgain() throws {
    let folder = try TemporaryFolder()
    let arrays = [("x", Fixture.tensor([2, 3])), ("b", Fixture.tensor([3]))]
    for name in ["a.npz", "b.npz"] {
      try Npz.write(arrays, to: folder.file(name))
    }
    let bytes = try folder.bytes("a.npz")
    #expect(try bytes == folder.bytes("b.npz"))
    // Time 00:00 on 1980-01-01 in the first local header, not the clock's.
    #expect(bytes[10..<14] == [0, 0, 33, 0])
  }

  @Test func writesNoArrays() throws {
    let folder = try TemporaryFolder()
    try Npz.write([], to: folder.file("x.npz"))
    #expect(try NpzFile(folder.file("x.npz")).names == [])
  }

  @Test func refusesToWrite() throws {
    let folder = try TemporaryFolder()
    let one = Tensor.ones([1])
    let twice = message { try Npz.write([("a", one), ("a", one)], to: folder.file("x.npz")) }
    #expect(twice?.contains("'a' is there twice") == true)
    let narrow = message { try Npz.write([("a", one.to(.bf16))], to: folder.file("x.npz")) }
    #expect(narrow?.contains("bfloat16") == true)
    #expect(try folder.contents == [])
    let nowhere = message { try Npz.write([("a", one)], to: folder.file("no/x.npz")) }
    #expect(nowhere?.contains("No such file or directory") == true)
  }

  @Test func namesAMissingArray() throws {
    let file = try NpzFile(Fixture.path("stored.npz"))
    let text = message { _ = try file.read("head/kernel") }
    #expect(text?.contains("no array 'head/kernel'") == true)
    #expect(text?.contains("block/kernel, bias, scalar, label, fortran") == true)
    #expect(text?.contains(file.path) == true)
  }

  @Test(arguments: [
    ("bad_bomb.npz", "which cannot be"), ("bad_stored_size.npz", "which cannot be"),
    ("bad_method.npz", "method 12"), ("bad_no_array.npz", "without a .npy array"),
    ("bad_twice.npz", "'a.npy' is there twice"), ("f4.npy", "cannot be read as a zip archive"),
    ("bad_longer.npz", "longer than"), ("bad_shorter.npz", ""),
    ("bad_header_size.npz", "takes 1001 bytes, but 1000 follow"),
  ])
  func refusesABadArchive(name: String, part: String) {
    let path = Fixture.path(name)
    let text = message { _ = try NpzFile(path).readAll() }
    #expect(text?.contains(path) == true, "\(text ?? "no error")")
    #expect(part.isEmpty || text?.contains(part) == true, "\(text ?? "no error")")
  }

  @Test(arguments: ["stored.npz", "deflated.npz"])
  func reportsAWrongChecksum(name: String) throws {
    let folder = try TemporaryFolder()
    var bytes = try Fixture.bytes(name)
    // The checksum of the first entry in the central directory.
    let directory = try #require(position(of: [0x50, 0x4b, 1, 2], in: bytes))
    bytes[directory + 16] ^= 1
    let file = try NpzFile(try folder.write("x.npz", bytes))
    let text = message { _ = try file.read("block/kernel") }
    #expect(text?.contains("CRC") == true, "\(text ?? "no error")")
    #expect(same(try file.read("bias"), Fixture.tensor([3], .f64)))
  }

  #if os(Linux)
    /// Memory for what the archives claim would exceed the limit and end the process.
    @Test func aBombTakesNoMemory() async {
      await #expect(processExitsWith: .success) {
        // Threads, of which some machines have many, would take of the limit, too.
        Torch.threads = 1
        let used = rlim_t(try statusBytes("VmSize"))
        var limit = rlimit(rlim_cur: used + (512 << 20), rlim_max: used + (512 << 20))
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
        for name in ["bad_bomb.npz", "bad_longer.npz", "bad_stored_size.npz"] {
          #expect(throws: FileError.self) { try NpzFile(Fixture.path(name)).readAll() }
        }
      }
    }
  #endif
}

/// Where `part` first occurs.
func position(of part: [UInt8], in bytes: [UInt8]) -> Int? {
  (0..<max(0, bytes.count - part.count + 1)).first { bytes[$0...].starts(with: part) }
}
