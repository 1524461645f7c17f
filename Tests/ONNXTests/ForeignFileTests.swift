import FunMatchONNX
import FunMatchTestSupport
import Testing

/// What lies in place of an ONNX file is named.
struct ForeignFileTests {
  @Test(arguments: [
    ("", "is empty"), ("<html>404</html>", "is a web page (HTML)"),
    ("version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
  ])
  func itIsNamed(text: String, words: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("m.onnx", Array(text.utf8))
    let error = message { _ = try ONNXFile(path) } ?? ""
    #expect(error.hasPrefix("\(path): \(words)"), "\(error)")
  }
}
