import Foundation
import FunMatchDatasets
import FunMatchImages
import FunMatchTestSupport
import Testing

/// Shards on a server, over HTTP.
struct RemoteTests {
  /// Ten images in shards of three, in a folder and on the server.
  private static func publish(_ server: FileServer) throws -> (Layout, any Dataset) {
    let layout = try Layout()
    for index in 0..<10 {
      let image = photograph(height: 20, width: 20 + index, seed: index)
      try layout.write("images/c\(index % 2)/\(index).jpg", image.jpegData())
    }
    let folder = try layout.open("folder:images")
    _ = try ShardPacker(
      folder, source: "images", to: ShardPattern(layout.folder.file("s-%d.tar")), perShard: 3,
      threads: 2
    ).pack { _ in }
    for name in ["s.json"] + (0..<4).map({ "s-\($0).tar" }) {
      try server.serve(layout.folder.bytes(name), as: name)
    }
    return (layout, folder)
  }

  private static func pixels(_ dataset: any Dataset) throws -> [[UInt8]] {
    try (0..<dataset.count).map { try dataset.image(at: $0).pixels }
  }

  /// Failures, damage and broken transfers of the first images are tried again.
  @Test(arguments: [
    ([], 10), (["--fail", "2"], 12), (["--flip", "1"], 11), (["--break-after", "150"], 11),
  ])
  func onlyTheImagesAreFetched(faults: [String], requests: Int) throws {
    let server = try FileServer(options: faults + ["--only", ".tar"])
    let (layout, folder) = try Self.publish(server)
    defer { withExtendedLifetime(layout) {} }
    let packed = try PackedDataset.open(
      server.address + "/s.json", client: HTTPClient(patience: 10))
    #expect(packed.count == 10 && packed.classNames == ["c0", "c1"])
    #expect(try Self.pixels(packed) == Self.pixels(folder))
    #expect((0..<10).map { packed.label(at: $0) } == (0..<10).map { folder.label(at: $0) })
    #expect(server.requests.filter { $0.contains(".tar bytes=") }.count == requests)
    #expect(!server.requests.contains { $0.hasSuffix(".tar -") })
  }

  @Test func aLostShardIsAskedForOnce() throws {
    let server = try FileServer()
    let (layout, folder) = try Self.publish(server)
    defer { withExtendedLifetime(layout) {} }
    try server.forget("s-1.tar")
    let packed = try PackedDataset.open(server.address + "/s.json")
    for index in 3..<6 {
      let error = #expect(throws: ImageError.self) { try packed.image(at: index) }
      #expect(error?.kind == .lost)
      #expect(
        error?.description
          == "\(server.address)/s-1.tar: cannot read images of this shard: the server answers with "
          + "status 404")
    }
    #expect(server.requests.filter { $0.contains("s-1.tar") }.count == 1)
    #expect(try packed.image(at: 6).pixels == folder.image(at: 6).pixels)
  }

  @Test func aServerMustGiveParts() throws {
    let server = try FileServer("--ignore-range", "--only", ".tar")
    _ = try Self.publish(server)
    let packed = try PackedDataset.open(server.address + "/s.json")
    let error = message { _ = try packed.image(at: 0) } ?? ""
    #expect(error.contains("does not give parts of files"), "\(error)")
  }

  @Test func whatCannotBeHadIsTold() throws {
    let server = try FileServer()
    try server.serve(Array("<html>log in</html>".utf8), as: "s.json")
    let layout = try Layout()
    layout.expectError("tar:\(server.address)/s.json", "s.json: is a web page (HTML)")
    layout.expectError("tar:\(server.address)/t.json", "t.json: cannot be fetched", "404")
    server.stop()
    let client = HTTPClient(patience: 1)
    let error = message { _ = try PackedDataset.open(server.address + "/s.json", client: client) }
    #expect(error?.contains("cannot be fetched") == true, "\(error ?? "")")
  }

  /// Archives without an index are fetched once, and again where the server has others.
  @Test(arguments: [[], ["--fail", "1"], ["--break-after", "700"], ["--ignore-range"]])
  func wholeArchivesAreKept(faults: [String]) throws {
    let server = try FileServer(options: faults)
    let layout = try Layout()
    func serve(_ value: UInt8) throws {
      for name in ["x", "y"] {
        let members = try [
          ("a.png", picture(value)), ("a.cls", Array("1".utf8)), ("b.png", picture(9)),
          ("b.cls", Array("0".utf8)),
        ]
        try server.serve(Tar.archive(members), as: "\(name).tar")
      }
    }
    try serve(1)
    let cache = RemoteCache(folder: layout.folder.file("kept"), client: HTTPClient(patience: 5))
    let address = server.address + "/x.tar"
    let path = try cache.fetch(address)
    let first = try layout.open("tar:" + path)
    #expect(first.count == 2 && first.labels == [1, 0])
    #expect(try first.image(at: 0).pixels[0] == 1)
    let count = server.requests.count
    #expect(try cache.fetch(address) == path)
    #expect(server.requests.count == count + 1)
    server.stop()
    let offline = RemoteCache(folder: layout.folder.file("kept"), client: HTTPClient(patience: 1))
    #expect(try offline.fetch(address) == path)
  }

  @Test func anotherArchiveIsFetchedAnew() throws {
    let server = try FileServer()
    let layout = try Layout()
    let cache = RemoteCache(folder: layout.folder.file("kept"))
    for count in 1...3 {
      let members = try (0..<count).map { ("\($0).png", try picture(UInt8(count))) }
      try server.serve(Tar.archive(members), as: "x.tar")
      let images = try layout.open("tar:" + cache.fetch(server.address + "/x.tar"))
      #expect(images.count == count)
    }
  }
}
