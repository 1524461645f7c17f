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
      file.names
        == [
          "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
          "1.num_batches_tracked",
        ].map { "module." + $0 })
    for (name, tensor) in try file.readAll() {
      #expect(same(tensor, try expected.read(String(name.dropFirst(7)))), "\(name)")
    }
    #expect(try file.dtype(of: "module.1.num_batches_tracked") == .i64)
    #expect(try file.shape(of: "module.1.num_batches_tracked") == [])
  }

  @Test func readsNothing() throws {
    let file = try PyTorchFile(Fixture.path("nothing.pth"))
    #expect(file.names == [])
    #expect(try file.readAll().isEmpty)
  }

  @Test func namesAMissingTensor() throws {
    let file = try PyTorchFile(Fixture.path("checkpoint.pth"))
    let text = message { _ = try file.read("head") }
    #expect(text?.contains("no tensor 'head'; it holds 7: module.0.weight, module.0.bias") == true)
    #expect(text?.contains(file.path) == true)
  }

  private func file(_ items: [(String, [UInt8])], key: String? = nil) throws -> PyTorchFile {
    let folder = try TemporaryFolder()
    let pickle = PickleBuilder.dictionary(items)
    let bytes = PickleBuilder.zip(pickle, storages: ["0": [0, 0, 0, 0]])
    return try PyTorchFile(folder.write("x.pth", bytes), key: key)
  }

  private let one = PickleBuilder.tensor(count: 1, shape: [1], strides: [1])
  private let scalar = PickleBuilder.tensor(count: 1, shape: [], strides: [])
  private let number: [UInt8] = [0x4b, 1]

  private func dictionary(_ name: String) -> [UInt8] {
    PickleBuilder.dictionary([(name, one), ("step", number)])
  }

  @Test func picksByKey() throws {
    func names(_ items: [(String, [UInt8])]) throws -> [String] { try file(items).names }
    let (inner, other) = (dictionary("a"), dictionary("b"))
    let numbers = PickleBuilder.dictionary([("c", number)])
    #expect(try names([("x", one), ("model", inner)]) == ["a"])
    #expect(try names([("model", other), ("state_dict", inner)]) == ["a"])
    #expect(try names([("model_ema", inner), ("model", other)]) == ["a"])
    #expect(try names([("state_dict", numbers), ("params", inner)]) == ["a"])
    #expect(try names([("y", inner), ("x", one), ("z", one)]) == ["x", "z"])
    #expect(
      try names([("module.a", one), ("module.module.b", one)]) == ["module.a", "module.module.b"])
    #expect(try file([("model", other), ("state_dict", inner)]).key == "state_dict")
    #expect(try file([("x", one)]).key == nil)
  }

  /// The only dictionary with tensors is meant, whatever its key, also beside a step that is a tensor.
  @Test func findsTheOnlyDictionaryUnderAKeyThatNobodyKnows() throws {
    let inner = dictionary("a")
    for (items, key) in [
      ([("ema", inner), ("epoch", number)], "ema"),
      (
        [("step", scalar), ("student", inner), ("options", PickleBuilder.dictionary([]))], "student"
      ),
      ([("ckpt", PickleBuilder.dictionary([("model", inner), ("epoch", number)]))], "ckpt.model"),
    ] {
      let found = try file(items)
      #expect(found.names == ["a"] && found.key == key)
    }
    #expect(try file([("step", scalar)]).names == ["step"])
  }

  @Test func severalDictionariesAreNamedAndAKeySaysWhichIsMeant() throws {
    let items = [("student", dictionary("a")), ("teacher", dictionary("b")), ("epoch", number)]
    let text = message { _ = try file(items) }
    #expect(
      text?.contains(
        "several dictionaries of tensors (student, teacher); `funmatch import --key student`")
        == true, "\(text ?? "no error")")
    #expect(try file(items, key: "teacher").names == ["b"])
    let nested = [
      ("a.b", dictionary("x")), ("c", PickleBuilder.dictionary([("d.e", dictionary("y"))])),
    ]
    #expect(try file(nested, key: "a.b").names == ["x"])
    #expect(try file(nested, key: "c.d.e").names == ["y"])
    // Also where another one would have been read.
    #expect(
      try file([("model", dictionary("a")), ("ema", dictionary("b"))], key: "ema").names == ["b"])
  }

  @Test(arguments: [
    (
      "other", "no dictionary under the key 'other'; it holds model (a dictionary), step (a tensor)"
    ),
    ("step", "no dictionary under the key 'step'"), ("", "no dictionary under the key ''"),
    ("model.a", "no dictionary under the key 'model.a'"),
    ("none", "no tensors under the key 'none'; it holds epoch (an integer)"),
  ])
  func aKeyThatLeadsNowhereIsRefused(key: String, words: String) throws {
    let none = PickleBuilder.dictionary([("epoch", number)])
    let text = message {
      _ = try file([("model", dictionary("a")), ("step", scalar), ("none", none)], key: key)
    }
    #expect(text?.contains(words) == true, "\(text ?? "no error")")
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
