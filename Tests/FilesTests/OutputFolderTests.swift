import Foundation
import FunMatchFiles
import FunMatchTestSupport
import Testing

struct OutputFolderTests {
  @Test func linksMayStayInside() throws {
    let folder = try TemporaryFolder()
    let files = FileManager.default
    _ = try folder.write("file", [1])
    try files.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: "file")
    try OutputFolder.make(folder.path)
    try files.createSymbolicLink(atPath: folder.file("out"), withDestinationPath: "/dev/null")
    let sentence = message { try OutputFolder.make(folder.path) }
    #expect(sentence?.hasPrefix("\(folder.path)/out: is a link that leads out") == true)
    try files.removeItem(atPath: folder.file("out"))
    // A name that begins like the folder's is not in it, and one that leads nowhere may be made anywhere.
    for target in ["\(folder.path)-other", "../nowhere"] {
      try files.createSymbolicLink(atPath: folder.file("out"), withDestinationPath: target)
      #expect(throws: FileError.self) { try OutputFolder.check(folder.file("out")) }
      try files.removeItem(atPath: folder.file("out"))
    }
  }

  @Test func onlyTemporaryFilesAreRemoved() throws {
    let folder = try TemporaryFolder()
    for name in [".a.json.x1.tmp", "mine.tmp", ".hidden"] { _ = try folder.write(name, [1]) }
    OutputFolder.removeTemporaries(in: folder.path)
    #expect(try folder.contents == [".hidden", "mine.tmp"])
  }

  @Test func onlyFoldersThatWereMadeAreRemoved() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("file", [1])
    var made = MadeFolders()
    try made.make(folder.file("a/b"))
    _ = try folder.write("a/b/file", [1])
    made.remove(folder.path)
    #expect(try folder.bytes("a/b/file") == [1] && folder.contents.contains("file"))
    made.remove(folder.file("a/b"))
    #expect(try folder.contents == ["file"])

    try made.make(folder.file("c/d"))
    _ = try folder.write("c/other", [1])
    made.remove(folder.file("c/d"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("c")) == ["other"])
  }

  @Test func foundationsErrorsAreTheSystems() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("file", [1])
    let sentence = message { try AtomicFile.makeFolder(folder.file("file/below")) }
    #expect(sentence == "cannot make the folder '\(folder.file("file/below"))': Not a directory")
    do {
      _ = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder.file("none")))
      Issue.record("a file that is not there was opened")
    } catch {
      let error = FileError.system("cannot be read", "none", error)
      #expect(error.description == "none: cannot be read (No such file or directory)")
      #expect(error.code == ENOENT)
    }
  }

  @Test func cachesThatRefuseNameTheVariable() throws {
    let refused = #expect(throws: FileError.self) {
      try CacheFolder.use { try AtomicFile.makeFolder("/dev/null/cache") }
    }
    #expect(refused?.description.contains("FUNMATCH_CACHE") == true)
    let damaged = #expect(throws: FileError.self) {
      try CacheFolder.use { throw FileError("x: is damaged") }
    }
    #expect(damaged?.description == "x: is damaged")
  }
}
