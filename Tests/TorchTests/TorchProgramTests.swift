import Foundation
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Programs that PyTorch saved give the logits that PyTorch gives.
@Suite struct TorchProgramTests {
  private let images = Fixture.tensor([5, 3, 9, 9])

  private func script(_ name: String, batchSize: Int? = nil) throws -> TorchProgram {
    try TorchProgram(
      path: Fixture.path(name), format: .torchScript, device: .cpu, batchSize: batchSize)
  }

  private func logits() throws -> Tensor { try Npy.read(Fixture.path("program_logits.npy")) }

  /// `program_scripted.pt` was saved in training mode, with a dropout.
  @Test(arguments: ["program_scripted.pt", "program_traced.pt", "program_tuple.pt"])
  func torchScriptGivesPyTorchsLogits(name: String) throws {
    let program = try script(name)
    let expected = try logits()
    let first = try program(images)
    #expect(maximumDifference(first, expected) < 1e-6)
    for _ in 0..<4 { #expect(same(try program(images), first)) }
    for count in [1, 2, 3, 5] {
      let some = try program(images.narrowed(0, 0..<count))
      #expect(maximumDifference(some, expected.narrowed(0, 0..<count)) < 1e-6)
    }
    try program.check(shape: [4, 3, 9, 9], classes: 5)
  }

  @Test func inputStaysAsItIsAndNothingIsRecorded() throws {
    let program = try script("program_in_place.pt")
    let before = images.clone()
    let first = try program(images)
    #expect(same(images, before))
    #expect(same(try program(images), first))
    images.requiresGradient = true
    #expect(try !program(images).requiresGradient)
  }

  /// Memory order and autocast are the caller's affair, not the program's.
  @Test func surroundingsDoNotMatter() throws {
    let program = try script("program_scripted.pt")
    let first = try program(images)
    #expect(same(try program(images.channelsLast), first))
    #expect(same(try withAutocast(.bf16, on: .cpu) { try program(images) }, first))
    #expect(same(try withInference { try program(images) }, first))
  }

  @Test func givesBatchesOfOneSizeWhereAskedTo() throws {
    let program = try script("bad_program_batch.pt", batchSize: 2)
    #expect(maximumDifference(try program(images), try logits()) < 1e-6)
    try program.check(shape: [5, 3, 9, 9], classes: 5)
  }

  @Test func whatDoesNotFitIsSaid() throws {
    let refusals: [(String, Tensor, String)] = [
      ("bad_program_dictionary.pt", images, "it gives Dict[str, Tensor], not a tensor or a tuple"),
      ("bad_program_batch.pt", images, "shape '[2, 4]' is invalid for input of size 20"),
      ("program_traced.pt", Fixture.tensor([5, 4, 9, 9]), "to have 3 channels, but got 4"),
      ("program_traced.pt", images.to(.f64), "expected scalar type Double but found Float"),
    ]
    for (name, input, reason) in refusals {
      let program = try script(name)
      let text = message { _ = try program(input) } ?? "no error"
      #expect(text.contains(Fixture.path(name)) && text.contains(reason), "\(text)")
      #expect(!text.contains("\n"))
    }
  }

  @Test func checkFindsWrongClassesAndTrainingMode() throws {
    let program = try script("program_traced.pt")
    let classes = message { try program.check(shape: [4, 3, 9, 9], classes: 6) }
    #expect(classes?.contains("expected logits of 6 classes") == true)
    let training = message {
      try script("bad_program_training.pt").check(shape: [4, 3, 9, 9], classes: 5)
    }
    #expect(training?.contains("was it saved in training mode?") == true)
  }

  @Test(arguments: TorchProgram.Format.allCases)
  func otherFilesAreRefused(format: TorchProgram.Format) throws {
    let folder = try TemporaryFolder()
    let bytes = try Fixture.bytes("program_traced.pt")
    let paths =
      [folder.file("absent.pt"), Fixture.path("stored.npz"), Fixture.path("official.safetensors")]
      + (try stride(from: 0, to: bytes.count, by: 61).map {
        try folder.write("\($0).pt", Array(bytes.prefix($0)))
      })
    for path in paths {
      let text = message { _ = try TorchProgram(path: path, format: format, device: .cpu) }
      #expect(text?.contains(path) == true && text?.contains("\n") == false, "\(text ?? "loaded")")
    }
  }

  @Test(.enabled(if: Device.cuda(0).count == 0, "there is a GPU"))
  func deviceThatIsNotThereIsRefused() {
    let path = Fixture.path("program_traced.pt")
    let text = message { _ = try TorchProgram(path: path, format: .torchScript, device: .cuda(0)) }
    #expect(text?.contains("'\(path)' cannot be loaded for cuda:0") == true, "\(text ?? "loaded")")
  }

  @Test(
    .enabled(if: PyTorch.python != nil, "no Python with PyTorch and timm"),
    arguments: Soak.first(of: ["mobilenetv3_small_100", "resnet18"]))
  func timmsNetworksGiveTimmsLogits(network: String) throws {
    let folder = try TemporaryFolder()
    let kinds = ["traced", "scripted"]
    try PyTorch.run(script: "save_programs.py", arguments: [folder.path, network] + kinds)
    let images = try Npy.read(folder.file("images.npy"))
    let logits = try Npy.read(folder.file("logits.npy"))
    let tolerance = try PyTorch.tolerance(folder)
    for kind in kinds {
      let path = folder.file(kind + ".pt")
      let program = try TorchProgram(path: path, format: .torchScript, device: .cpu)
      let first = try program(images)
      #expect(relativeDifference(first, expected: logits) < tolerance)
      for count in [2, 5, 5, 1, 5] {
        let some = try program(images.narrowed(0, 0..<count))
        #expect(relativeDifference(some, expected: logits.narrowed(0, 0..<count)) < tolerance)
        #expect(count < 5 || same(some, first))
      }
    }
  }

  @Test(.enabled(if: PyTorch.compiles, "no Python with PyTorch, or no C++ compiler"))
  func packagesGivePyTorchsLogitsAndRefuseWhatTheyWereNotMadeFor() throws {
    let folder = try TemporaryFolder()
    try PyTorch.run(
      script: "save_programs.py",
      arguments: [folder.path, "tiny", "package", "exported"] + (Soak.isOn ? ["fixed"] : []))
    let images = try Npy.read(folder.file("images.npy"))
    let logits = try Npy.read(folder.file("logits.npy"))
    let tolerance = try PyTorch.tolerance(folder)
    let leftovers = unpacked()

    func load(_ name: String, batchSize: Int? = nil, on device: Device = .cpu) throws
      -> TorchProgram
    {
      try TorchProgram(
        path: folder.file(name), format: .aotInductor, device: device, batchSize: batchSize)
    }
    let program = try load("package.pt2")
    let first = try program(images)
    #expect(relativeDifference(first, expected: logits) < tolerance)
    for count in [2, 5, 3, 5] {
      let some = try program(images.channelsLast.narrowed(0, 0..<count))
      #expect(relativeDifference(some, expected: logits.narrowed(0, 0..<count)) < tolerance)
      #expect(count < 5 || same(some, first))
    }
    #expect(same(try withAutocast(.bf16, on: .cpu) { try program(images) }, first))
    // Each takes a compiler a while.
    let fixed = try Soak.isOn ? load("fixed.pt2", batchSize: 2) : nil
    if let fixed {
      #expect(relativeDifference(try fixed(images), expected: logits) < tolerance)
      try fixed.check(shape: [5, 3, 64, 64], classes: 10)
    }

    // Unless it is asked to look, compiled code reads such memory as what it expects.
    for (shape, what) in [
      ([2, 3, 96, 96], "expected: 64, but got: 96"), ([2, 3, 32, 32], "expected: 64, but got: 32"),
      ([2, 4, 64, 64], "expected: 3, but got: 4"), ([3, 64, 64], "at 1"),
      ([1, 3, 64, 64], "too small"), ([65, 3, 64, 64], "too large"), ([0, 3, 64, 64], "too small"),
    ] {
      let text = message { _ = try program(Tensor.zeros(shape)) } ?? "no error"
      #expect(text.contains(program.path) && text.contains(what), "\(text)")
      #expect(!text.contains("\n"))
    }
    let dtype = message { _ = try program(images.to(.f64)) }
    #expect(dtype?.contains("unmatched dtype") == true)

    let exported = message { _ = try load("exported.pt2") }
    #expect(exported?.contains("is no AOTInductor package") == true)
    let device = message { _ = try load("package.pt2", on: .cuda(0)) }
    #expect(device?.contains("it was compiled for cpu, not for cuda") == true)
    #expect(unpacked().subtracting(leftovers).count == (fixed == nil ? 1 : 2))
  }

  /// Packages that are unpacked while their program lives.
  private func unpacked() -> Set<String> {
    let folder = FileManager.default.temporaryDirectory.path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return Set(names.filter { $0.hasPrefix("aotinductor_") })
  }
}
