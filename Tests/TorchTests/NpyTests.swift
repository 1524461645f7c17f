import FunMatchTestSupport
import FunMatchTorch
import Testing

@Suite struct NpyTests {
  @Test(arguments: [
    ("f2", DType.f16), ("f4", .f32), ("f8", .f64), ("i1", .i32), ("i2", .i32), ("i4", .i32),
    ("i8", .i64), ("u1", .u8), ("u2", .i32), ("u4", .i64), ("b1", .bool),
  ])
  func readsWhatNumPyWrote(code: String, dtype: DType) throws {
    let tensor = try Npy.read(Fixture.path(code + ".npy"))
    #expect(same(tensor, Fixture.tensor([2, 3], dtype, unsigned: code.hasPrefix("u"))))
  }

  @Test func readsEitherByteOrder() throws {
    let double = try Npy.read(Fixture.path("f8_big.npy"))
    #expect(same(double, Fixture.tensor([2, 3], .f64)))
    let short = try Npy.read(Fixture.path("u2_big.npy"))
    #expect(same(short, Fixture.tensor([2, 3], .i32, unsigned: true)))
  }

  @Test func widensTheExtremes() throws {
    #expect(
      try Npy.read(Fixture.path("i2_extremes.npy")).array(as: Int32.self) == [-32768, 32767])
    #expect(
      try Npy.read(Fixture.path("u4_extremes.npy")).array(as: Int64.self) == [0, 4_294_967_295])
  }

  @Test func readsFortranOrder() throws {
    let tensor = try Npy.read(Fixture.path("f4_fortran.npy"))
    #expect(same(tensor, Fixture.tensor([2, 3, 4])))
  }

  @Test(arguments: [
    ("f4_scalar", []), ("f4_vector", [5]), ("f4_empty", [0, 3]), ("f4_version2", [2, 3]),
    ("f4_version3", [2, 3]),
  ])
  func readsEveryShapeAndVersion(name: String, shape: [Int]) throws {
    #expect(same(try Npy.read(Fixture.path(name + ".npy")), Fixture.tensor(shape)))
  }

  @Test(arguments: [
    ("f2", DType.f16, [2, 3]), ("f4", .f32, [2, 3]), ("f8", .f64, [2, 3]), ("i4", .i32, [2, 3]),
    ("i8", .i64, [2, 3]), ("u1", .u8, [2, 3]), ("b1", .bool, [2, 3]), ("f4_scalar", .f32, []),
    ("f4_vector", .f32, [5]), ("f4_empty", .f32, [0, 3]),
  ])
  func writesTheBytesThatNumPyWrites(name: String, dtype: DType, shape: [Int]) throws {
    let folder = try TemporaryFolder()
    let tensor = Fixture.tensor(shape, dtype)
    try Npy.write(tensor, to: folder.file("x.npy"))
    #expect(try folder.bytes("x.npy") == Fixture.bytes(name + ".npy"))
    #expect(try Npy.data(of: tensor) == Fixture.bytes(name + ".npy"))
    #expect(try folder.contents == ["x.npy"])
  }

  @Test func writesTensorsThatAreNotContiguous() throws {
    let tensor = Fixture.tensor([2, 3, 4]).permuted([2, 0, 1])
    let read = try Npy.parse(try Npy.data(of: tensor), name: "x")
    #expect(read.shape == [4, 2, 3])
    #expect(same(read, tensor))
  }

  @Test func keepsBitsOfUnusualNumbers() throws {
    let tensor = Tensor([Float.nan, -0.0, .infinity, .leastNonzeroMagnitude])
    #expect(same(try Npy.parse(try Npy.data(of: tensor), name: "x"), tensor))
  }

  @Test func refusesBFloat16() {
    let text = message { _ = try Npy.data(of: Tensor.ones([2], dtype: .bf16)) }
    #expect(text?.contains("bfloat16") == true)
  }

  @Test(arguments: [
    ("bad_objects", "Python objects"), ("bad_records", "records"), ("bad_complex", "<c8"),
    ("bad_strings", "<U2"), ("bad_v2", "bfloat16"),
  ])
  func refusesOtherElements(name: String, part: String) {
    let path = Fixture.path(name + ".npy")
    let text = message { _ = try Npy.read(path) }
    #expect(text?.contains(part) == true, "\(text ?? "no error")")
    #expect(text?.contains(path) == true)
  }

  @Test func namesAMissingFile() {
    let text = message { _ = try Npy.read("/nowhere/x.npy") }
    #expect(text == "cannot read '/nowhere/x.npy': No such file or directory")
    #expect(message { _ = try Npy.read("/") } == "cannot read '/': it is not a regular file")
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-4, -1), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (04,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': [4], }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2*2,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }",
    "{'descr': '<f4', 'fortran_order': False, }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), 'shape': (4,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), 'more': 1, }",
    "{'descr': '<f4', 'fortran_order': 0, 'shape': (4,), }",
    "{'descr': '<f3', 'fortran_order': False, 'shape': (4,), }",
    "{'descr': '=f4', 'fortran_order': False, 'shape': (4,), }",
    "{'descr': '|f4', 'fortran_order': False, 'shape': (4,), }",
    "{'descr': '<f4, 'fortran_order': False, 'shape': (4,), }",
    "{'descr': '<\\x664', 'fortran_order': False, 'shape': (4,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), } 1",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)",
    "__import__('os').system('true')",
    "",
  ])
  func refusesALyingHeader(header: String) {
    let text = message { _ = try Npy.parse(file(header), name: "weights.npy") }
    #expect(text?.hasPrefix("'weights.npy'") == true, "\(text ?? "no error")")
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }",
    "{\"shape\":(4L,),\"fortran_order\":True,\"descr\":\"<f4\"}",
    " { 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 2 , 2 ) }  \n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 1, 1)}",
  ])
  func readsEveryWayToWriteAHeader(header: String) throws {
    #expect(try Npy.parse(file(header), name: "x").count == 4)
  }

  @Test func limitsDimensions() throws {
    let many = [Int](repeating: 1, count: 64)
    let tensor = Tensor([Float(3)], shape: many)
    #expect(same(try Npy.parse(try Npy.data(of: tensor), name: "x"), tensor))
    let sizes = [String](repeating: "1", count: 65).joined(separator: ", ")
    let header = "{'descr': '<f4', 'fortran_order': True, 'shape': (\(sizes)), }"
    #expect(message { _ = try Npy.parse(file(header), name: "x") }?.contains("64") == true)
  }

  @Test func refusesAHugeHeader() {
    let bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [2, 0, 0xff, 0xff, 0xff, 0xff, 0x7b, 0x7d]
    #expect(message { _ = try Npy.parse(bytes, name: "x") }?.contains("4294967307") == true)
    let version = [0x93] + Array("NUMPY".utf8) + [4, 0] + [UInt8](repeating: 0, count: 200)
    #expect(message { _ = try Npy.parse(version, name: "x") }?.contains("version 4.0") == true)
  }

  @Test func refusesBooleansThatAreNone() throws {
    var bytes = try Fixture.bytes("b1.npy")
    bytes[bytes.count - 1] = 2
    #expect(message { _ = try Npy.parse(bytes, name: "x") }?.contains("expected 0 or 1") == true)
  }

  /// A file with `header` and 16 bytes of data.
  private func file(_ header: String) -> [UInt8] {
    let text = Array(header.utf8)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count & 0xff), UInt8(text.count >> 8)]
      + text + [UInt8](repeating: 0, count: 16)
  }
}
