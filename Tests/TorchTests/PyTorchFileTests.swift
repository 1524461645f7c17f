import FunMatchTestSupport
import FunMatchTorch
import Testing

/// What PyTorch wrote is what is read, bit for bit.
@Suite struct PyTorchFileTests {
  /// All types; transposed, narrowed, stepped and expanded ones; several names for one storage.
  @Test(arguments: ["state.pth", "state_legacy.pth"])
  func readsWhatTorchWrote(name: String) throws {
    let expected = try SafetensorsFile(Fixture.path("state.safetensors"))
    let file = try PyTorchFile(Fixture.path(name))
    #expect(file.names.prefix(3) == ["f32", "f64", "f16"] && file.names.last == "é \"\n")
    #expect(file.names.sorted() == expected.names.sorted())
    let tensors = try file.readAll()
    #expect(tensors.map(\.name) == file.names)
    for (name, tensor) in tensors {
      #expect(same(tensor, try expected.read(name)), "\(name)")
      #expect(same(tensor, try file.read(name)), "\(name)")
      #expect(try file.shape(of: name) == tensor.shape)
      #expect(try file.dtype(of: name) == tensor.dtype)
    }
    #expect(Set(tensors.map(\.tensor.dtype)) == Set(DType.allCases))
  }

  /// In a checkpoint with a little of everything, saved from within DataParallel.
  @Test(arguments: [
    "checkpoint.pth", "checkpoint_4.pth", "checkpoint_legacy.pth", "checkpoint_legacy_5.pth",
  ])
  func findsTheStateDictionary(name: String) throws {
    let expected = try SafetensorsFile(Fixture.path("checkpoint.safetensors"))
    let file = try PyTorchFile(Fixture.path(name))
    #expect(
      file.names == [
        "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
        "1.num_batches_tracked",
      ])
    for (name, tensor) in try file.readAll() {
      #expect(same(tensor, try expected.read(name)), "\(name)")
    }
    #expect(try file.dtype(of: "1.num_batches_tracked") == .i64)
    #expect(try file.shape(of: "1.num_batches_tracked") == [])
  }

  @Test func readsNothing() throws {
    let file = try PyTorchFile(Fixture.path("nothing.pth"))
    #expect(file.names == [])
    #expect(try file.readAll().isEmpty)
  }

  @Test func namesAMissingTensor() throws {
    let file = try PyTorchFile(Fixture.path("checkpoint.pth"))
    let text = message { _ = try file.read("head") }
    #expect(text?.contains("no tensor 'head'; it holds 7: 0.weight, 0.bias") == true)
    #expect(text?.contains(file.path) == true)
  }

  @Test func picksByKey() throws {
    let one = PickleBuilder.tensor(count: 1, shape: [], strides: [])
    func names(_ items: [(String, [UInt8])]) throws -> [String] {
      let folder = try TemporaryFolder()
      let pickle = PickleBuilder.dictionary(items)
      let bytes = PickleBuilder.zip(pickle, storages: ["0": [0, 0, 0, 0]])
      return try PyTorchFile(folder.write("x.pth", bytes)).names
    }
    let inner = PickleBuilder.dictionary([("a", one), ("step", [0x4b, 1])])
    let other = PickleBuilder.dictionary([("b", one)])
    let numbers = PickleBuilder.dictionary([("c", [0x4b, 1])])
    #expect(try names([("x", one), ("model", inner)]) == ["a"])
    #expect(try names([("model", other), ("state_dict", inner)]) == ["a"])
    #expect(try names([("model_ema", inner), ("model", other)]) == ["a"])
    #expect(try names([("state_dict", numbers), ("params", inner)]) == ["a"])
    #expect(try names([("y", inner), ("x", one), ("z", one)]) == ["x", "z"])
    #expect(try names([("module.a", one), ("module.module.b", one)]) == ["a", "module.b"])
    #expect(try names([("module._orig_mod.a", one), ("module._orig_mod.b", one)]) == ["a", "b"])
    #expect(try names([("module.a", one), ("b", one)]) == ["module.a", "b"])
  }

  @Test(arguments: [
    ("bad_module.pth", "class __main__.Net", "state_dict() alone"),
    ("bad_module_legacy.pth", "class __main__.Net", "state_dict() alone"),
    ("bad_arguments.pth", "class argparse.Namespace", "nothing was run"),
    ("bad_quantised.pth", "quantised tensor (torch._utils._rebuild_qtensor)", "refused"),
    ("bad_sparse.pth", "sparse tensor (torch._utils._rebuild_sparse_tensor)", "refused"),
    ("bad_numpy.pth", "a NumPy number", "multiarray.scalar"),
    ("bad_complex.pth", "torch.ComplexFloatStorage", "expected Float, Double"),
    ("bad_i16.pth", "torch.ShortStorage", "expected Float, Double"),
    ("bad_u16.pth", "a type that is not read", "f32 bf16 f16 f64 i64 i32 u8 bool"),
    ("bad_negated.pth", "negated or conjugated", "clone()"),
    ("bad_expanded.pth", "would take more than 1048640 bytes", "have 4"),
    ("bad_expanded_legacy.pth", "would take more than 1048640 bytes", "have 4"),
    ("bad_script.pt", "a TorchScript program", "`torchscript:`"),
    ("bad_big.pth", "byte order 'big'", "expected 'little'"),
    ("bad_big_legacy.pth", "byte order 'big'", "expected 'little'"),
    ("bad_tar.pth", "a tar archive", "save it again"),
    ("bad_plain.pth", "a pickle, but not one that torch.save wrote", ""),
    ("bad_tensor.pth", "holds a tensor, expected a state dictionary", ""),
    ("bad_numbers.pth", "no dictionary of tensors", "epoch (an integer)"),
    ("stored.npz", "without block/data.pkl", "torch.save"),
    ("official.safetensors", "neither a zip archive nor a pickle", ""),
  ])
  func refuses(name: String, part: String, other: String) {
    let path = Fixture.path(name)
    let text = message { _ = try PyTorchFile(path).readAll() }
    #expect(text?.contains(path) == true, "\(text ?? "no error")")
    #expect(text?.contains(part) == true, "\(text ?? "no error")")
    #expect(other.isEmpty || text?.contains(other) == true, "\(text ?? "no error")")
  }
}
