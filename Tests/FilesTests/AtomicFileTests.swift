import Foundation
import FunMatchFiles
import FunMatchTestSupport
import Testing

@Suite struct AtomicFileTests {
  struct Interrupted: Error {}

  @Test func writesAndReplaces() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("x")
    try AtomicFile.write(to: path, [1, 2, 3] as [UInt8])
    #expect(try folder.bytes("x") == [1, 2, 3])
    try AtomicFile.write(to: path) { file in
      try file.append(Data([4]))
      try file.append([] as [UInt8])
      try file.append([5, 6] as [UInt8])
      // Nothing of it is to be seen under its name yet.
      #expect(try folder.bytes("x") == [1, 2, 3])
    }
    #expect(try folder.bytes("x") == [4, 5, 6])
    #expect(try folder.contents == ["x"])
  }

  @Test func leavesNothingBehindWhenInterrupted() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("x")
    #expect(throws: Interrupted.self) {
      try AtomicFile.write(to: path) { file in
        try file.append([1] as [UInt8])
        #expect(try folder.contents.count == 1)
        throw Interrupted()
      }
    }
    #expect(try folder.contents == [])
    try AtomicFile.write(to: path, [1] as [UInt8])
    #expect(throws: Interrupted.self) {
      try AtomicFile.write(to: path) { _ in throw Interrupted() }
    }
    #expect(try folder.bytes("x") == [1])
    #expect(try folder.contents == ["x"])
  }

  @Test func keepsSymbolicLinks() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write(to: folder.file("target"), [1] as [UInt8])
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link"), withDestinationPath: "target")
    try AtomicFile.write(to: folder.file("link"), [2] as [UInt8])
    #expect(try folder.bytes("target") == [2])
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("link")) == "target")
  }

  @Test func writesLongNames() throws {
    let folder = try TemporaryFolder()
    for name in [String(repeating: "x", count: 255), String(repeating: "é", count: 127)] {
      try AtomicFile.write(to: folder.file(name), [1] as [UInt8])
      #expect(try folder.bytes(name) == [1])
    }
  }

  @Test func namesPathAndReason() throws {
    let folder = try TemporaryFolder()
    let write = { path in try AtomicFile.write(to: path, [1] as [UInt8]) }
    let missing = folder.file("no/x")
    #expect(
      message { try write(missing) } == "cannot write '\(missing)': No such file or directory")
    try write(folder.file("x"))
    let below = folder.file("x/y")
    #expect(message { try write(below) } == "cannot write '\(below)': Not a directory")
    #expect(message { try write(folder.path) } == "cannot write '\(folder.path)': it is a folder")
    #expect(message { try write("") }?.hasPrefix("cannot write ''") == true)
  }

  #if os(Linux)
    @Test func writesDevicesDirectly() throws {
      let text = message { try AtomicFile.write(to: "/dev/full", [1] as [UInt8]) }
      #expect(text == "cannot write '/dev/full': No space left on device")
      try AtomicFile.write(to: "/dev/null", [1] as [UInt8])
      var status = stat()
      #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }
  #endif

  @Test func foldersThatCannotBeMadeAreNamed() throws {
    let folder = try TemporaryFolder()
    for _ in 0..<2 { try AtomicFile.makeFolder(folder.file("a/b")) }
    _ = try folder.write("file", [1])
    let error = #expect(throws: FileError.self) {
      try AtomicFile.makeFolder(folder.file("file/c"))
    }
    #expect(
      error?.description == "cannot make the folder '\(folder.file("file/c"))': Not a directory")
  }
}
