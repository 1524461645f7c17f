import FunMatchFiles
import FunMatchTestSupport
import Testing

/// What lies in place of files is told by its first bytes.
struct ForeignContentTests {
  @Test(arguments: [
    ("", ForeignContent.nothing),
    (
      "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 46807446\n",
      .lfsPointer
    ),
    ("<!DOCTYPE html>\n<html>", .webPage), ("\u{feff}\n  <HTML lang=en>", .webPage),
    ("<!-- portal -->\n<html>", .webPage),
    ("<?xml version=\"1.0\"?><html xmlns=\"x\">", .webPage),
    ("<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>", .message(format: "XML")),
    ("{\"error\":\"Repository not found\"}", .message(format: "JSON")),
    ("{\n \"message\": \"Not Found\"}", .message(format: "JSON")),
  ])
  func itIsTold(text: String, expected: ForeignContent) throws {
    #expect(ForeignContent(beginning: Array(text.utf8)) == expected)
    let folder = try TemporaryFolder()
    let path = try folder.write("w.bin", Array(text.utf8))
    #expect(ForeignContent(path: path) == expected)
    #expect(message { try ForeignContent.refuse(InputFile(path)) } == "'\(path)' \(expected.words)")
  }

  @Test(arguments: [
    Array("{\"weight_map\": {}}".utf8), Array("{}".utf8), Array("<apple> 1".utf8),
    Array("version 2".utf8), Array("<html>".utf8) + [0], [0x50, 0x4b, 3, 4], [0x0a],
    Array("MATLAB 5.0 MAT-file".utf8), [0x80, 2],
  ])
  func whatMayBeRightIsNot(bytes: [UInt8]) {
    #expect(ForeignContent(beginning: bytes) == nil)
  }

  @Test func aFileThatIsNotThereIsNothingElse() {
    #expect(ForeignContent(path: "/nowhere/w.bin") == nil)
  }
}
