import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchTestSupport
import Testing

struct FetchTests {
  private let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
  private let target: TemporaryFolder

  init() throws { target = try TemporaryFolder() }

  private func file(
    _ server: FileServer, _ name: String = "a.bin", _ content: [UInt8]? = nil,
    isArchive: Bool = false
  ) -> DatasetSource.File {
    let content = content ?? self.content
    return DatasetSource.File(
      server.address + "/data/" + name, size: content.count,
      sha256: Checksum.sha256(of: content), isArchive: isArchive)
  }

  private func unverified(_ server: FileServer, _ name: String = "a.bin") -> DatasetSource.File {
    DatasetSource.File(server.address + "/data/" + name)
  }

  private var fetcher: DatasetFetcher { DatasetFetcher(folder: target.path) }

  private func message(of fetch: () throws -> Void) throws -> String {
    try #require(#expect(throws: DatasetError.self) { try fetch() }).description
  }

  @Test func filesArriveWholeAndAreNotFetchedTwice() throws {
    let server = try FileServer()
    try server.serve(content, as: "a.bin")
    try server.serve([1, 2, 3], as: "b.bin")
    let source = DatasetSource(files: [file(server), unverified(server, "b.bin")])
    var lines: [String] = []
    let folder = target.file("new/folder")
    try DatasetFetcher(folder: folder) { lines.append($0) }.fetch(source)
    #expect(try target.bytes("new/folder/a.bin") == content)
    #expect(try target.bytes("new/folder/b.bin") == [1, 2, 3])
    #expect(lines.first?.contains("a.bin: fetching") == true)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(names == ["a.bin", "a.bin.ok", "b.bin", "b.bin.ok"])
    try DatasetFetcher(folder: folder) { lines.append($0) }.fetch(source)
    #expect(lines.last == "b.bin: already here")
    #expect(server.requests == ["/data/a.bin -", "/data/b.bin -"])
  }

  @Test(arguments: ["--deny 404", "--wrong", "--no-length --wrong"])
  func whatFailedLeavesNoFolder(fault: String) throws {
    let server = try FileServer(options: fault.split(separator: " ").map(String.init))
    try server.serve(content, as: "a.bin")
    for folder in ["new", "new/folder"] {
      _ = try message { try DatasetFetcher(folder: target.file(folder)).fetch(file(server)) }
      #expect(try target.contents.isEmpty)
    }
    try FileManager.default.createDirectory(
      atPath: target.file("new"), withIntermediateDirectories: true)
    _ = try message { try DatasetFetcher(folder: target.file("new/folder")).fetch(file(server)) }
    #expect(try target.contents == ["new"])
  }

  @Test func whatWasPutThereByHandIsTakenIfItIsThePublishedFile() throws {
    let server = try FileServer()
    try server.serve(content, as: "a.bin")
    _ = try target.write("a.bin", content)
    try fetcher.fetch(file(server))
    #expect(server.requests.isEmpty)
    #expect(try target.contents == ["a.bin", "a.bin.ok"])
    try FileManager.default.removeItem(atPath: target.file("a.bin.ok"))
    _ = try target.write("a.bin", [UInt8](repeating: 0, count: content.count))
    try fetcher.fetch(file(server))
    #expect(server.requests.count == 1)
    #expect(try target.bytes("a.bin") == content)
    let sized = DatasetSource.File(server.address + "/a.bin", size: content.count)
    for (count, requests) in [(content.count, 1), (content.count - 1, 2)] {
      _ = try target.write("a.bin", Array(content[..<count]))
      try fetcher.fetch(sized)
      #expect(server.requests.count == requests)
    }
    #expect(try target.bytes("a.bin") == content)
  }

  @Test func aMirrorReplacesEverythingBeforeTheName() throws {
    let server = try FileServer()
    try server.serve(content, as: "a.bin")
    let file = DatasetSource.File(
      "https://example.org/long/way/a.bin", sha256: Checksum.sha256(of: content))
    for mirror in [server.address + "/mirror", server.address + "/mirror/"] {
      let folder = try TemporaryFolder()
      try DatasetFetcher(folder: folder.path, mirror: mirror).fetch(file)
      #expect(try folder.bytes("a.bin") == content)
    }
    #expect(server.requests == ["/mirror/a.bin -", "/mirror/a.bin -"])
  }

  @Test func aBrokenTransferGoesOnWithTheRest() throws {
    let server = try FileServer("--break-after", "100000")
    try server.serve(content, as: "a.bin")
    try fetcher.fetch(file(server))
    #expect(try target.bytes("a.bin") == content)
    #expect(server.requests == ["/data/a.bin -", "/data/a.bin bytes=100000-"])
  }

  @Test func anEarlierAttemptIsTakenUp() throws {
    let server = try FileServer()
    try server.serve(content, as: "a.bin")
    _ = try target.write("a.bin.part", Array(content[..<70_000]))
    try fetcher.fetch(file(server))
    #expect(try target.bytes("a.bin") == content)
    #expect(server.requests == ["/data/a.bin bytes=70000-"])
  }

  @Test func aWholePartIsTakenAsItIs() throws {
    let server = try FileServer()
    try server.serve(content, as: "a.bin")
    _ = try target.write("a.bin.part", content)
    try fetcher.fetch(file(server))
    #expect(server.requests.isEmpty)
    #expect(try target.contents == ["a.bin", "a.bin.ok"])
  }

  @Test(arguments: [100, 300_000, 400_000])
  func aPartOfUnknownSizeEndsWhole(count: Int) throws {
    let server = try FileServer()
    try server.serve(content, as: "a.bin")
    let part = (0..<count).map { $0 < content.count ? content[$0] : 7 }
    _ = try target.write("a.bin.part", part)
    try fetcher.fetch(unverified(server))
    #expect(try target.bytes("a.bin") == content)
    #expect(server.requests.first == "/data/a.bin bytes=\(count)-")
  }

  @Test func aServerWithoutRangesMakesItStartAgain() throws {
    let server = try FileServer("--ignore-range", "--break-after", "100000")
    try server.serve(content, as: "a.bin")
    try fetcher.fetch(file(server))
    #expect(try target.bytes("a.bin") == content)
    #expect(
      server.requests == ["/data/a.bin -", "/data/a.bin bytes=100000-", "/data/a.bin -"])
  }

  @Test func otherContentIsRefusedAndRemoved() throws {
    let server = try FileServer("--wrong")
    try server.serve(content, as: "a.bin")
    let text = try message { try fetcher.fetch(file(server)) }
    let found = Checksum.sha256(of: content.map { 255 - $0 })
    for word in ["a.bin", found, Checksum.sha256(of: content)] { #expect(text.contains(word)) }
    #expect(try target.contents.isEmpty)
    #expect(server.requests.count == 1)
  }

  @Test func anotherSizeIsRefusedAndRemoved() throws {
    let server = try FileServer()
    try server.serve(Array(content.dropLast()), as: "a.bin")
    let text = try message { try fetcher.fetch(file(server)) }
    #expect(text.contains("299999") && text.contains("300000"))
    #expect(try target.contents.isEmpty)
    #expect(server.requests.count == 1)
  }

  @Test func failuresNameTheAddressAndTheReason() throws {
    let server = try FileServer()
    let missing = try message { try fetcher.fetch(file(server)) }
    #expect(missing.contains(server.address + "/data/a.bin") && missing.contains("404"))
    let nobody = DatasetSource.File("http://127.0.0.1:1/a.bin")
    let refused = try message { try fetcher.fetch(nobody) }
    #expect(refused.contains("127.0.0.1:1/a.bin") && refused.contains("connect"))
    #expect(try target.contents.isEmpty)
    #expect(server.requests.count == 1)
  }

  @Test func aFileThatCannotFitIsNotAskedFor() throws {
    let server = try FileServer()
    let file = DatasetSource.File(server.address + "/a.bin", size: 1 << 60)
    #expect(try message { try fetcher.fetch(file) }.contains("free space"))
    #expect(server.requests.isEmpty)
  }

  @Test func aFolderThatCannotBeMadeIsNamed() throws {
    let path = try target.write("occupied", [])
    let file = DatasetSource.File("http://127.0.0.1:1/a.bin")
    let text = try message { try DatasetFetcher(folder: path + "/x").fetch(file) }
    #expect(text.contains(path + "/x"))
  }

  @Test func termsAreStatedInsteadOfFetching() throws {
    let server = try FileServer()
    let source = DatasetSource(
      files: [file(server, "train.tar"), file(server, "val.tar")],
      terms: "accept the terms at https://www.image-net.org")
    let text = try message { try fetcher.fetch(source) }
    for word in [
      "accept the terms at https://www.image-net.org", "train.tar, val.tar", target.path,
    ] { #expect(text.contains(word)) }
    #expect(server.requests.isEmpty)
  }

  @Test func archivesAreUnpackedOnce() throws {
    let server = try FileServer()
    let archive = Tarball.bytes([("images/a.jpg", content), ("images/sub/b.jpg", [1, 2])])
    try server.serve(archive, as: "images.tar.gz")
    let file = file(server, "images.tar.gz", archive, isArchive: true)
    try fetcher.fetch(file)
    try fetcher.fetch(file)
    #expect(try target.bytes("images/a.jpg") == content)
    #expect(try target.bytes("images/sub/b.jpg") == [1, 2])
    #expect(try target.contents == ["images", "images.tar.gz.ok"])
    #expect(server.requests.count == 1)
    try FileManager.default.removeItem(atPath: target.file("images"))
    try fetcher.fetch(file)
    #expect(try target.bytes("images/sub/b.jpg") == [1, 2])
    #expect(server.requests.count == 2)
  }

  @Test func gzippedArchivesAreUnpacked() throws {
    let server = try FileServer()
    let path = try target.write("plain", Tarball.bytes([("jpg/a.jpg", content)]))
    let gzip = Process()
    gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    gzip.arguments = ["gzip", path]
    try gzip.run()
    gzip.waitUntilExit()
    let archive = try target.bytes("plain.gz")
    try server.serve(archive, as: "102flowers.tgz")
    try fetcher.fetch(file(server, "102flowers.tgz", archive, isArchive: true))
    #expect(try target.bytes("jpg/a.jpg") == content)
    #expect(server.requests.count == 1)
  }

  @Test func anArchivePutThereByHandIsUnpackedAndKept() throws {
    let server = try FileServer()
    let archive = Tarball.bytes([("images/a.jpg", content)])
    _ = try target.write("images.tar", archive)
    try fetcher.fetch(file(server, "images.tar", archive, isArchive: true))
    #expect(server.requests.isEmpty)
    #expect(try target.contents == ["images", "images.tar", "images.tar.ok"])
  }

  @Test func unpackingDoesNotReplaceWhatIsNotItsOwn() throws {
    let server = try FileServer()
    let archive = Tarball.bytes([("images", content)])
    try server.serve(archive, as: "images.tar")
    _ = try target.write("images", [1])
    let file = file(server, "images.tar", archive, isArchive: true)
    #expect(try message { try fetcher.fetch(file) }.contains("/images is in the way"))
    #expect(try target.bytes("images") == [1])
    try FileManager.default.removeItem(atPath: target.file("images"))
    try fetcher.fetch(file)
    #expect(try target.bytes("images") == content)
    #expect(server.requests.count == 1)
  }

  @Test func aDamagedArchiveIsRefusedWithoutARest() throws {
    let server = try FileServer()
    try server.serve(Array(Tarball.bytes([("images/a.jpg", content)])[..<5000]), as: "images.tar")
    let file = DatasetSource.File(server.address + "/images.tar", isArchive: true)
    #expect(try message { try fetcher.fetch(file) }.contains("images.tar: cannot be unpacked"))
    #expect(try target.contents.isEmpty)
    #expect(server.requests.count == 1)
  }

  @Test func aHostileArchiveStaysInTheFolder() throws {
    let server = try FileServer()
    let outside = try TemporaryFolder()
    let name = (outside.path as NSString).lastPathComponent
    let hostile = [
      "../../\(name)/x", "images/../../../\(name)/x", outside.file("x"),
    ]
    for (number, path) in hostile.enumerated() {
      let archive = Tarball.bytes([(path, [1, 2, 3])])
      try server.serve(archive, as: "\(number).tar")
      // Whether it is refused, or unpacked without the leading slash, is tar's choice.
      try? fetcher.fetch(file(server, "\(number).tar", archive, isArchive: true))
    }
    let link = Tarball.bytes([("images/x", [1, 2, 3])], after: ("images", outside.path))
    try server.serve(link, as: "link.tar")
    try? fetcher.fetch(file(server, "link.tar", link, isArchive: true))
    let plain = Tarball.bytes([], after: ("b.bin.part", outside.file("x")))
    try server.serve(plain, as: "plain.tar")
    let text = try message {
      try fetcher.fetch(file(server, "plain.tar", plain, isArchive: true))
    }
    #expect(text.contains("b.bin.part as a link"))
    #expect(try outside.contents.isEmpty)
    #expect(server.requests.count == 5)
  }

  @Test func publishedWeightsAreKnownByName() throws {
    let file = try PublishedWeights.file(named: "R50x1_224")
    #expect(file.address == "https://storage.googleapis.com/bit_models/distill/R50x1_224.npz")
    #expect(
      try PublishedWeights.file(named: "BiT-M-R152x2").address
        == "https://storage.googleapis.com/bit_models/BiT-M-R152x2.npz")
    let names = PublishedWeights.known.map(\.name)
    #expect(Set(names).count == names.count)
    let text = try message { _ = try PublishedWeights.file(named: "R50x9") }
    #expect(text.contains("R50x9") && text.contains("R152x2_T_flowers128"))
    let server = try FileServer()
    let content = Array("PK\u{3}\u{4}".utf8) + content
    try server.serve(content, as: file.name)
    try DatasetFetcher(folder: target.path, mirror: server.address).fetch(file)
    #expect(try target.bytes("R50x1_224.npz") == content)
    #expect(server.requests == ["/R50x1_224.npz -"])
  }
}
