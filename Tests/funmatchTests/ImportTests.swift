import Foundation
import FunMatchImages
import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// `funmatch import` through the real binary.
struct ImportTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../TorchTests/Fixtures/" + name).path
  }

  private func run(_ weights: String, _ more: String...) throws -> Tool.Result {
    try Tool.run(["import", weights, "--output", folder.file("m.safetensors")] + more, in: folder)
  }

  @Test func aProgramInAFileIsRefusedByNameAndNothingIsWritten() throws {
    for name in ["evil_checkpoint_2.pth", "evil_checkpoint_4.pth"] {
      let result = try run(fixture(name))
      #expect(result.status == 1)
      #expect(result.errors.contains("posix.system") && result.errors.contains("nothing was run"))
      let contents = try folder.contents
      #expect(!contents.contains("evil_ran") && !contents.contains("m.safetensors"))
    }
  }

  @Test(arguments: [
    ("state.pth", "which no family of networks here has"),
    ("program_scripted.pt", "`torchscript:`"),
  ])
  func whatIsNoNetworkOfOursIsSaid(name: String, words: String) throws {
    let result = try run(fixture(name))
    #expect(result.status == 1 && result.errors.contains(words), "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test func whatDiffersFromTheNearestIsListed() throws {
    var spec = try #require(try ModelSpec(named: "resnet18").network as? ResNetSpec)
    spec.classes = 7
    let arrays = try spec.build(.zeros).store.tensors
    // A network like it, whose stem has another size.
    try Safetensors.write(
      arrays.map { $0.name == "conv1.weight" ? ($0.name, Tensor.zeros([64, 3, 3, 3])) : $0 },
      metadata: [:], to: folder.file("deep-stem"))
    let result = try run(folder.file("deep-stem"))
    #expect(result.status == 1)
    #expect(
      result.errors.contains("resnet18 (conv1.weight is [64, 3, 3, 3], not [64, 3, 7, 7])"),
      "\(result.errors)")
    // Under no name that tells, by its bytes.
    try Safetensors.write(arrays, metadata: [:], to: folder.file("weights.bin"))
    let fine = try run(folder.file("weights.bin"), "--input", "{mean: 0.5, std: 0.25}")
    #expect(fine.status == 0 && fine.output.contains("7 classes"), "\(fine.errors)")
    let file = try ModelFile(path: folder.file("m.safetensors"))
    #expect(file.model.input == InputScaling(mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]))
    #expect(
      file.preprocessing
        == EvaluationPreprocessing(resize: 256, crop: 224, interpolation: .bilinear))
    _ = try folder.write("names", Array("a\nb\nc\nd\ne\nf\ng\n".utf8))
    let resized = try run(
      folder.file("weights.bin"), "--resize", "235", "--class-names", folder.file("names"))
    #expect(resized.status == 0 && resized.output.contains("short side 235"), "\(resized.errors)")
    let again = try ModelFile(path: folder.file("m.safetensors"))
    #expect(again.preprocessing?.resize == 235 && again.classNames.count == 7)
    // As Windows writes it, with empty lines at its end.
    _ = try folder.write("names", Array("\u{FEFF}a\r\nb\r\nc\r\nd\r\ne\r\nf\r\ng\r\n\r\n".utf8))
    let windows = try run(
      folder.file("weights.bin"), "--resize", "235", "--class-names", folder.file("names"))
    #expect(windows.status == 0, "\(windows.errors)")
    #expect(
      try ModelFile(path: folder.file("m.safetensors")).classNames
        == ["a", "b", "c", "d", "e", "f", "g"])
    let named = try run(folder.file("weights.bin"), "--model", "vit-s16")
    #expect(named.status == 1 && named.errors.contains("those of a resnet"), "\(named.errors)")
    #expect(try run(folder.file("weights.bin"), "--input", "{mean: 0.5}").status == 1)
  }

  private func resnet() throws -> [(name: String, tensor: Tensor)] {
    try ResNetSpec(depth: 18, classes: 3).build(.drawn).store.tensors
  }

  @Test func anUntrainedHeadIsToldAndTeachesNobody() throws {
    let run = try FashionRun(steps: 2)
    let weights = run.folder.file("body.safetensors")
    try Safetensors.write(
      resnet().filter { !$0.name.hasPrefix("fc.") }, metadata: [:], to: weights)
    func made(_ more: String...) throws -> Tool.Result {
      try Tool.run(
        ["import", weights, "--output", run.folder.file("new.safetensors")] + more, in: run.folder)
    }
    let wrong = [
      [], ["--head", "drop"], ["--classes", "3"], ["--head", "drop", "--classes", "0"],
    ]
    let refused = try Tool.runAll(
      wrong.map { ["import", weights, "--output", run.folder.file("new.safetensors")] + $0 },
      in: run.folder)
    #expect(
      refused[0].status == 1
        && refused[0].errors.contains("fc.weight is missing: the file has no head"),
      "\(refused[0].errors)")
    for result in refused.dropFirst() {
      #expect(result.status != 0 && !result.errors.contains("missing: the file"))
    }
    let before = try run.folder.contents
    #expect(!before.contains("new.safetensors"))

    let named = try run.folder.write(
      "names.json", Array(#"[\#((0..<10).map { "\"class \($0)\"" }.joined(separator: ", "))]"#.utf8)
    )
    let new = try made("--head", "drop", "--class-names", named)
    #expect(new.status == 0 && new.output.contains("new and untrained"), "\(new.errors)")
    let file = try ModelFile(path: run.folder.file("new.safetensors"))
    #expect(file.hasUntrainedHead && file.classNames.first == "class 0" && file.model.classes == 10)

    for command in [
      ["predict", "new.safetensors", "names.json"],
      ["evaluate", "new.safetensors", "--data", "fashion-mnist:test[:10]"],
    ] {
      let path = run.folder.file(command[1])
      let said = try Tool.run([command[0], path] + command.dropFirst(2), in: run.folder)
      #expect(
        said.status == 1 && said.errors.contains("new.safetensors: has a head that is new"),
        "\(said.errors)")
    }
    let taught = try run.distil(
      "r", "--set", "teachers=[{weights: new.safetensors, resolution: 28}]")
    #expect(
      taught.status == 1 && taught.errors.contains("new.safetensors has a head that is new"),
      "\(taught.errors)")
    // The second without the detour, of the body alone.
    let body = "student={weights: body.safetensors, head: reset, resolution: 28}"
    try run.distilAll([
      ("r", ["--quiet", "--set", "student={weights: new.safetensors, resolution: 28}"]),
      ("s", ["--quiet", "--set", body]),
    ])
    #expect(try !ModelFile(path: run.folder.file("r/student.safetensors")).hasUntrainedHead)
  }

  private static let shape =
    "model: {bit: {depth: [1, 1], width: 0.25, stem: {small: {stride: 2}}, groups: 8}}"

  /// A run whose folder has the teacher's weights without metadata, and half of each value.
  private func runWithHalves(_ more: String = "") throws -> (
    FashionRun, halves: [(name: String, factor: Double)], arrays: [(name: String, tensor: Tensor)]
  ) {
    let run = try FashionRun(steps: 2, more)
    let arrays = try ModelFile(path: run.folder.file("teacher.safetensors")).model.store.tensors
    let halves = [(name: "whole", factor: 1.0), (name: "half", factor: 0.5)]
    for (name, factor) in halves {
      try Safetensors.write(
        arrays.map { ($0.name, $0.tensor * factor) }, metadata: [:], to: run.folder.file(name))
    }
    return (run, halves, arrays)
  }

  /// A recipe says which of several networks in a file is meant, and that belongs to its bank and its run.
  @Test func aRecipeSaysWhichPartOfAFileIsMeant() throws {
    let (run, halves, arrays) = try runWithHalves("bank: {}")
    let both = halves.flatMap { half in
      arrays.map { (name: half.name + "." + $0.name, tensor: $0.tensor * half.factor) }
    }
    try Safetensors.write(both, metadata: [:], to: run.folder.file("both"))
    func network(_ file: String) -> String { "{weights: \(file), \(Self.shape), resolution: 28}" }
    func taught(_ name: String, _ file: String, _ more: String...) throws -> Tool.Result {
      try Tool.run(
        run.arguments(name, ["--set", "teachers=[\(network(file))]"] + more), in: run.folder)
    }
    let vague = try taught("vague", "both")
    #expect(vague.status == 1 && vague.errors.contains("teachers.0: "), "\(vague.errors)")
    #expect(
      vague.errors.contains("several networks, under half., whole.;")
        && vague.errors.contains("in a recipe `prefix: half.` beside `weights`"))
    let key = try taught("key", "both, key: model")
    #expect(key.status == 1 && key.errors.contains("has no keys"), "\(key.errors)")

    #expect(try taught("plain", "whole").status == 0)
    let first = try taught("first", "both, prefix: whole.")
    #expect(first.status == 0, "\(first.errors)")
    #expect(try run.metrics("first") == run.metrics("plain"))
    let second = try taught("second", "both, prefix: half.")
    #expect(second.status == 0, "\(second.errors)")
    #expect(try run.metrics("second") != run.metrics("plain"))
    let words = "teachers.0.prefix: whole. there, half. now"
    #expect(second.errors.contains("0 of 2 steps are known from before"), "\(second.errors)")
    #expect(second.errors.contains(words), "\(second.errors)")
    let resumed = try taught("first", "both, prefix: half.", "--resume")
    #expect(resumed.status == 1 && resumed.errors.contains(words), "\(resumed.errors)")

    let students = try ["both, prefix: whole", "whole", "both, prefix: half"].map { file in
      let result = try run.distil("s \(file)", "--set", "student=\(network(file))")
      #expect(result.status == 0, "\(result.errors)")
      return try run.metrics("s \(file)")
    }
    #expect(students[0] == students[1] && students[0] != students[2])
  }

  @Test(.enabled(if: PyTorch.python != nil)) func aRecipeSaysWhichKeyIsMeant() throws {
    let (run, _, _) = try runWithHalves()
    try PyTorch.run(
      script: "save_checkpoint.py",
      arguments: [
        run.folder.file("c.pth"), "model_ema=" + run.folder.file("half"),
        "student=" + run.folder.file("whole"),
      ])
    let files = [("a", "c.pth"), ("b", "half"), ("c", "c.pth, key: student"), ("d", "whole")]
    try run.distilAll(
      files.map {
        ($0, ["--set", "teachers=[{weights: \($1), \(Self.shape), resolution: 28}]"])
      })
    // Without a key it is the average.
    #expect(try run.metrics("a") == run.metrics("b"))
    #expect(try run.metrics("c") == run.metrics("d"))
    #expect(try run.metrics("a") != run.metrics("c"))
  }

  /// It teaches what the model file that is made of it does.
  @Test func aFolderTeaches() throws {
    let run = try FashionRun(steps: 2)
    let folder = run.folder.file("hf")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let arrays = try ResNetSpec(depth: 18, classes: 10).build(.drawn).store.tensors
    try Safetensors.write(
      arrays.map { name, tensor in
        (name, name.hasPrefix("fc.") ? Tensor.randn(tensor.shape) : tensor)
      }, metadata: [:], to: folder + "/model.safetensors")
    _ = try run.folder.write(
      "hf/config.json",
      Array(
        #"{"architecture": "resnet18.mine", "num_classes": 10, "pretrained_cfg": {"mean": [0, 0, 0], "std": [1, 1, 1]}}"#
          .utf8))
    let edits = ["--quiet", "--set", "teachers=[{weights: hf, resolution: 28}]"]
    let first = try run.distil("r", edits[0], edits[1], edits[2])
    #expect(first.status == 0, "\(first.errors)")
    let imported = try Tool.run(
      ["import", folder, "--output", run.folder.file("m.safetensors")], in: run.folder)
    #expect(imported.status == 0, "\(imported.errors)")
    #expect(
      try ModelFile(path: run.folder.file("m.safetensors")).model.input
        == InputScaling(mean: [0, 0, 0], std: [1, 1, 1]))
    let second = try run.distil(
      "s", "--quiet", "--set", "teachers=[{weights: m.safetensors, resolution: 28}]")
    #expect(second.status == 0, "\(second.errors)")
    #expect(try run.metrics("r") == run.metrics("s"))
  }
}
