import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// What lies in place of weights is named, whatever they are called.
struct ForeignWeightsTests {
  @Test(
    arguments: ["w.npz", "w.safetensors", "w.pth", "w.bin"],
    [
      ("", "is empty"), ("<!doctype html><html></html>", "is a web page (HTML)"),
      ("version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
      ("{\"error\": \"Invalid username or password.\"}", "is a document in JSON"),
      ("<?xml version=\"1.0\"?><Error/>", "is a document in XML"),
    ])
  func itIsNamed(name: String, content: (text: String, words: String)) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(name, Array(content.text.utf8))
    for error in [
      message { _ = try WeightImport(path: path, spec: nil) },
      message { _ = try ModelFile(path: path) }, message { _ = try NpzFile(path) },
      message { _ = try SafetensorsFile(path) }, message { _ = try PyTorchFile(path) },
      message { _ = try TorchProgram(path: path, format: .torchScript, device: .cpu) },
    ] {
      #expect(error?.contains("'\(path)' \(content.words)") == true, "\(error ?? "")")
    }
  }
}
