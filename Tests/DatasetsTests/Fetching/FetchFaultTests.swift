import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchTestSupport
import Testing

/// Faults of servers and of others that fetch too.
struct FetchFaultTests {
  private let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
  private let target: TemporaryFolder

  init() throws { target = try TemporaryFolder() }

  private var fetcher: DatasetFetcher { DatasetFetcher(folder: target.path) }

  private func file(_ server: FileServer) -> DatasetSource.File {
    DatasetSource.File(
      server.address + "/a.bin", size: content.count, sha256: Checksum.sha256(of: content))
  }

  private func message(of fetch: () throws -> Void) throws -> String {
    try #require(#expect(throws: DatasetError.self) { try fetch() }).description
  }

  /// Waits until something is so, at most for ten minutes, which no machine needs for it.
  private func wait(until isSo: () throws -> Bool) throws {
    for _ in 0..<30_000 {
      if try isSo() { return }
      usleep(20_000)
    }
    Issue.record("waited in vain")
  }

  @Test func aSecondFetchOfTheSameFileIsRefused() throws {
    let server = try FileServer("--hold", "1000")
    try server.serve(content, as: "a.bin")
    let (file, folder) = (file(server), target.path)
    let group = DispatchGroup()
    DispatchQueue.global().async(group: group) { try? DatasetFetcher(folder: folder).fetch(file) }
    try wait { try target.contents.contains("a.bin.part") }
    #expect(
      try message { try fetcher.fetch(file) }.contains("a.bin: another `funmatch data fetch`"))
    try server.serve([], as: "go")
    group.wait()
    #expect(try target.bytes("a.bin") == content)
    #expect(try target.contents == ["a.bin", "a.bin.ok"])
    try fetcher.fetch(file)
    #expect(server.requests.count == 1)
  }

  @Test func aTransferThatOutlivesItsFetchKeepsTheFile() async throws {
    let server = try FileServer("--hold", "100000")
    try server.serve(content, as: "a.bin")
    let file = file(server)
    await #expect(processExitsWith: .signal(SIGTERM)) {
      [address = file.address as String, folder = target.path as String] in
      // curl would keep open what this process is watched by.
      for descriptor in 3..<256 { _ = fcntl(Int32(descriptor), F_SETFD, FD_CLOEXEC) }
      let thread = Thread {
        // The test may have to wait for its turn for minutes.
        try? DatasetFetcher(folder: folder, patience: 3600).fetch(DatasetSource.File(address))
      }
      thread.start()
      var status = stat()
      while stat(folder + "/a.bin.part", &status) != 0 || status.st_size == 0 { usleep(20_000) }
      kill(getpid(), SIGTERM)
      sleep(10)
    }
    #expect(try message { try fetcher.fetch(file) }.contains("another"))
    try server.serve([], as: "go")
    try wait { (try? fetcher.fetch(file)) != nil }
    #expect(try target.bytes("a.bin") == content)
    #expect(try target.contents == ["a.bin", "a.bin.ok"])
    #expect(server.requests == ["/a.bin -"])
  }

  @Test func whatIsNotWhatItsNameSaysIsRefused() throws {
    let server = try FileServer()
    let page = Array("\n<!DOCTYPE html><html>Please log in</html>".utf8)
    for (name, right) in [
      ("a.npz", Array("PK\u{3}\u{4}".utf8)), ("a.tgz", [0x1f, 0x8b, 8]),
      ("a.tar.gz", [0x1f, 0x8b]), ("a.mat", Array("MATLAB 5.0".utf8)),
      ("a.txt", Array("<apple> 1".utf8)), ("a.bin", Array("else".utf8)),
    ] {
      let file = DatasetSource.File(server.address + "/" + name)
      try server.serve(page, as: name)
      let text = try message { try fetcher.fetch(file) }
      #expect(text.contains(name + " gave what is a web page (HTML)"), "\(text)")
      #expect(try !target.contents.contains { $0.hasPrefix(name) })
      // What an earlier program fetched is not taken either.
      _ = try target.write(name, page)
      try server.serve(right, as: name)
      try fetcher.fetch(file)
      #expect(try target.bytes(name) == right)
    }
  }

  @Test func aServerThatStopsSendingIsGivenUp() throws {
    let server = try FileServer("--hold", "1000")
    try server.serve(content, as: "a.bin")
    var text = ""
    // On a busy machine the first bytes may take longer than a second.
    for patience in [1, 10, 100] where (try? target.bytes("a.bin.part").count) != 1000 {
      text = try message {
        try DatasetFetcher(folder: target.path, patience: patience).fetch(file(server))
      }
    }
    #expect(text.contains(server.address + "/a.bin"))
    #expect(try target.bytes("a.bin.part") == Array(content[..<1000]))
    #expect(Set(server.requests) == ["/a.bin -", "/a.bin bytes=1000-"])
    try server.serve([], as: "go")
    try fetcher.fetch(file(server))
    #expect(try target.bytes("a.bin") == content)
  }

  @Test func aServerAtFaultIsAskedAgainButNotForever() throws {
    let sometimes = try FileServer("--fail", "1")
    try sometimes.serve(content, as: "a.bin")
    try fetcher.fetch(file(sometimes))
    #expect(sometimes.requests.count == 2)
    let always = try FileServer("--fail", "1000")
    let other = try TemporaryFolder()
    let text = try message {
      try DatasetFetcher(folder: other.path, patience: 2).fetch(file(always))
    }
    #expect(text.contains(always.address + "/a.bin") && text.contains("500"))
    // How often depends on how soon it answers.
    #expect(always.requests.count <= 4)
  }

  @Test func aMirrorThatIsNoAddressIsRefusedAtOnce() throws {
    let file = DatasetSource.File("http://127.0.0.1:1/a.bin")
    let fetcher = DatasetFetcher(folder: target.file("new"), mirror: "/mnt/mirror")
    #expect(try message { try fetcher.fetch(file) }.contains("'/mnt/mirror' is no address"))
    #expect(try target.contents.isEmpty)
  }

  @Test(arguments: [[], ["--no-length"]])
  func moreThanThePublishedSizeIsNotFetched(options: [String]) throws {
    let server = try FileServer(options: options)
    try server.serve(content, as: "a.bin")
    let file = DatasetSource.File(server.address + "/a.bin", size: 5000)
    let text = try message { try fetcher.fetch(file) }
    #expect(text.contains("more than the expected 5000 bytes"))
    #expect(try target.contents.isEmpty)
    #expect(server.requests.count == 1)
  }

  @Test func whatAnArchiveHoldsIsNotFetchedOverWhatIsThere() throws {
    let server = try FileServer()
    let archive = Tarball.bytes([("images/a.jpg", content)])
    try server.serve(archive, as: "images.tar")
    let file = DatasetSource.File(
      server.address + "/images.tar", sha256: Checksum.sha256(of: archive), isArchive: true,
      entries: ["images"])
    try FileManager.default.createDirectory(
      atPath: target.file("images"), withIntermediateDirectories: true)
    var lines: [String] = []
    let fetcher = DatasetFetcher(folder: target.path) { lines.append($0) }
    try fetcher.fetch(file)
    #expect(lines.count == 1 && lines[0].contains("images.tar: not fetched"))
    #expect(lines[0].contains(target.path + "/images is there already"))
    #expect(server.requests.isEmpty)
    try FileManager.default.removeItem(atPath: target.file("images"))
    try fetcher.fetch(file)
    #expect(try target.bytes("images/a.jpg") == content)
    try fetcher.fetch(file)
    #expect(lines.last == "images.tar: already here")
    #expect(server.requests.count == 1)
  }
}
