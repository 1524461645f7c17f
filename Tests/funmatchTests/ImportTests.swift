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
}
