import Foundation
import FunMatchDatasets
import FunMatchImages
import FunMatchTestSupport
import Testing

/// The same numbers every time.
private struct Numbers: RandomNumberGenerator {
  private var state: UInt64 = 1

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 32
  }
}

struct TarTests {
  private static let long = Array(repeating: "folder of many characters", count: 6)
    .joined(separator: "/")

  /// Made by Python's tarfile.
  @Test(arguments: ["ustar", "gnu", "pax"])
  func allFormatsAreRead(format: String) throws {
    let path = Fixture.path(format + ".tar")
    let images = try DatasetRegistry(environment: [:]).open(DatasetReference("tar:" + path))
    let more = format == "pax" ? ["größe.jpg"] : []
    #expect(
      images.names(after: path + "/") == ["a.jpg", Self.long + "/b.jpeg", "dir/c.JPG"] + more)
    #expect(images.labels == [2, 0, 1] + more.map { _ in 2 })
    #expect(images.classNames == ["class 0", "class 1", "class 2"])
    #expect(images.classNamesAreNumbers)
    #expect(images.shards == [0..<images.count])
    for index in 0..<images.count {
      #expect(try images.image(at: index).height > 1)
      #expect(images.encodedSize(at: index) == 490)
    }
  }

  /// As data sets are that were packed from files such as `v1.0.jpg`: none is left out without a word.
  @Test func namesMayHaveMoreDots() throws {
    let layout = try Layout()
    func images(_ members: [(String, [UInt8])]) throws -> any Dataset {
      try layout.write("x.tar", Tar.archive(members))
      return try layout.open("tar:x.tar")
    }
    let file = try picture()
    func number(_ value: Int) -> [UInt8] { Array("\(value)".utf8) }
    let labelled = try images(
      (0..<2).flatMap { [("\($0).png", file), ("\($0).cls", number(0))] }
        + (0..<2).flatMap { [("v1.\($0).png", file), ("v1.\($0).cls", number(1))] })
    #expect(labelled.labels == [0, 0, 1, 1] && labelled.classNames.count == 2)
    #expect(labelled.localName(at: 3) == "v1.1.png")
    let some = try images([("0.png", file), ("img.001.png", file), ("img.002.PNG", file)])
    #expect(some.count == 3)
    let fields = try images([
      ("s0.input.png", file), ("s0.outputs.txt", number(3)), ("s1.input.png", file),
    ])
    #expect(fields.count == 2)
    let withClass = try images([("s0.input.png", file), ("s0.cls", number(4))])
    #expect(withClass.labels == [4])
    // Beside an image of the sample itself it is something else, such as a mask.
    #expect(try images([("a.png", file), ("a.mask.png", file)]).count == 1)
    for (members, words) in [
      (
        [("a.left.png", file), ("a.right.png", file), ("a.cls", number(1))], "one class and several"
      ),
      ([("a.1.cls", number(1)), ("b.png", file)], "a.1 has a label and no image"),
      ([("a.1.png", file), ("a.1.cls", Array("cat".utf8))], "a.1.cls is not a class number"),
      ([("a.1.png", file), ("a.2.jxl", file)], "a.2.jxl"),
    ] {
      try layout.write("x.tar", Tar.archive(members))
      layout.expectError("tar:x.tar", words)
    }
  }

  @Test func shardsAreNamedByBracesOrTheirFolder() throws {
    let layout = try Layout()
    for (shard, count) in [("08", 2), ("09", 1), ("10", 3)] {
      let members = try (0..<count).map { ("\(shard)-\($0).png", try picture(UInt8($0))) }
      try layout.write("s/x-\(shard).tar", Tar.archive(members))
    }
    try layout.write("s/list.txt", "")
    let all = try layout.open("tar:s/x-{08..10}.tar")
    #expect(all.count == 6)
    #expect(all.shards == [0..<2, 2..<3, 3..<6])
    // In memory, too, since the order in which images are visited depends on them.
    #expect(try CachedDataset(all, mode: .bytes).shards == all.shards)
    for shard in all.shards { all.willRead(shard) }
    #expect(all.labels == Array(repeating: nil, count: 6))
    #expect(all.name(at: 5) == layout.path + "/s/x-10.tar/10-2.png")
    #expect(try all.image(at: 5).pixels == [2, 2, 2])
    #expect(try layout.open("tar:s").names(after: "") == all.names(after: ""))
    #expect(try layout.open("tar:{s/x-09,s/x-08}.tar").count == 3)
    #expect(try layout.open("tar:s/x-{09..10}.tar[:1]").count == 1)
    #expect(try layout.open("tar:s[1:4]").shards == [0..<1, 1..<2, 2..<3])
    layout.expectError("tar:s/x-{08..11}.tar", "x-11.tar: does not exist", layout.path)
    for braces in ["{08..10", "{8}", "{b..c}", "{10..08}", "{0..999999}", "{a,{b,c}}"] {
      layout.expectError("tar:s/x-\(braces).tar", "s/x-\(braces).tar")
    }
    layout.expectError("tar:s/x-08.tar:train", "no splits")
    try layout.write("s/x-11.TAR", Tar.archive([("11-0.png", picture(4))]))
    #expect(try layout.open("tar:s").count == 7)
    // Half of a data set would be left out.
    try layout.write("s/x-12.tar.gz", [0x1f, 0x8b, 8, 0])
    layout.expectError("tar:s", "s/x-12.tar.gz: is compressed", "gunzip")
  }

  @Test func whatIsLeftOutIsTold() throws {
    let layout = try Layout()
    let file = try picture()
    try layout.write("s/a.tar", Tar.archive([("1.png", file), ("1.json", [1]), ("2.png", file)]))
    #expect(try layout.open("tar:s").remarks == [])
    try layout.write("s/b.tar", Tar.archive([("README", [1]), ("x.json", [1]), ("x.txt", [1])]))
    try layout.write("s/c.tar", Tar.archive([]))
    let images = try layout.open("tar:s")
    #expect(images.count == 2)
    #expect(
      images.remarks[0]
        == "2 archives hold no image: \(layout.path)/s/b.tar, \(layout.path)/s/c.tar")
    #expect(
      images.remarks[1].hasPrefix("3 members belong to no image: \(layout.path)/s/b.tar/README"))
  }

  @Test func moreShardsThanStayOpenAreRead() throws {
    let layout = try Layout()
    for shard in 0..<520 {
      try layout.write("s/\(1000 + shard).tar", Tar.archive([("a.png", try picture())]))
    }
    let images = try layout.open("tar:s")
    #expect(images.count == 520)
    #expect(try images.image(at: 519).pixels == [7, 7, 7])
    try layout.remove("s/1519.tar")
    let error = #expect(throws: ImageError.self) { try images.image(at: 519) }
    #expect(error?.file == layout.path + "/s/1519.tar/a.png")
  }

  @Test func samplesThatAreNotOfThisKindAreRefused() throws {
    let layout = try Layout()
    let image = try picture()
    func expect(_ members: [(String, [UInt8])], _ words: String...) throws {
      try layout.write("x.tar", Tar.archive(members))
      let error = #expect(throws: DatasetError.self) { try layout.open("tar:x.tar") }
      for word in words + ["x.tar"] {
        #expect(error?.description.contains(word) == true, "\(error?.description ?? ""): \(word)")
      }
    }
    try expect([("a.jpg", image), ("a.png", image)], "two images", "a.png")
    try expect([("a.jpg", image), ("a.cls", [0x30]), ("a.cls", [0x31])], "two labels")
    try expect([("a.jpg", image), ("a.cls", [0x30]), ("b.jpg", image)], "b.jpg has no label")
    try expect([("b.jpg", image), ("a.jpg", image), ("a.cls", [0x30])], "b.jpg has no label")
    try expect([("a.txt", image), ("a.cls", [0x30])], "a has a label and no")
    try expect([("a.tif", image), ("a.gif", image)], "two images", "a.gif")
    for ending in ["ppm", "JP2", "jxl"] {
      try expect([("a.jpg", image), ("b.\(ending)", image)], "b.\(ending): only JPEG, PNG, WebP")
    }
    try expect([("a.txt", image)], "no member")
    for label in ["", "x", "-1", "1 2", "65536", "99999999999999999999"] {
      try expect([("a.jpg", image), ("a.cls", Array(label.utf8))], "a.cls", "class number")
    }
    // Members that belong to no image, and names that only begin alike, are no obstacle.
    try layout.write(
      "x.tar",
      Tar.archive([
        ("a.jpg", image), ("a.seg.png", image), ("a.tif", image), ("._b.jpg", [1]), ("n", []),
      ]))
    #expect(try layout.open("tar:x.tar").count == 1)
  }

  @Test func imagesOfOtherFormatsAreReadUnlessAJPEGOrPNGIsBesideThem() throws {
    let layout = try Layout()
    let image = try picture()
    let number = Array("1".utf8)
    for ending in ["webp", "GIF", "bmp", "Tif", "tiff"] {
      try layout.write("x.tar", Tar.archive([("a.\(ending)", image), ("a.cls", number)]))
      let images = try layout.open("tar:x.tar")
      #expect(images.count == 1 && images.name(at: 0).hasSuffix("a.\(ending)"))
      // Whichever comes first.
      for members in [["a.\(ending)", "a.png"], ["a.png", "a.\(ending)"]] {
        try layout.write("x.tar", Tar.archive(members.map { ($0, image) }))
        let images = try layout.open("tar:x.tar")
        #expect(images.count == 1 && images.name(at: 0).hasSuffix("a.png"))
      }
    }
  }

  @Test func linksToImagesAreRefused() throws {
    let layout = try Layout()
    let image = Tar.member("a.jpg", try picture())
    let end = [UInt8](repeating: 0, count: 1024)
    for type: Character in ["1", "2"] {
      for name in ["b.jpg", "b.webp"] {
        try layout.write("x.tar", image + Tar.member(name, [], type: type) + end)
        layout.expectError("tar:x.tar", "x.tar: \(name) is a link", "--dereference")
      }
      try layout.write("x.tar", image + Tar.member("b.txt", [], type: type) + end)
      #expect(try layout.open("tar:x.tar").count == 1)
    }
  }

  @Test func fewArchivesStayOpenWhereFewFilesMayBeOpen() async throws {
    let layout = try Layout()
    for shard in 100..<300 {
      try layout.write("s/\(shard).tar", Tar.archive([("a.png", try picture())]))
    }
    // Another process, so that no other test runs out of files.
    await #expect(processExitsWith: .success) { [path = layout.path as String] in
      #if os(Linux)
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
      #else
        let kind = RLIMIT_NOFILE
      #endif
      var limit = rlimit(rlim_cur: 128, rlim_max: 128)
      try #require(setrlimit(kind, &limit) == 0)
      let images = try DatasetRegistry(environment: [:]).open(DatasetReference("tar:\(path)/s"))
      try #require(images.count == 200)
      try #require(try images.image(at: 199).pixels == [7, 7, 7])
    }
  }

  @Test func patternsOfShellsAreRefusedWithAHint() throws {
    let layout = try Layout()
    try layout.write("x-1.tar", Tar.archive([("a.png", try picture())]))
    for pattern in ["x-*.tar", "x-?.tar"] {
      layout.expectError("tar:\(pattern)", pattern, "{000..127}")
    }
    try layout.write("x-*.tar", Tar.archive([("a.png", try picture())]))
    #expect(try layout.open("tar:x-*.tar").count == 1)
  }

  @Test func damagedArchivesAreRefusedByName() throws {
    let layout = try Layout()
    let whole = Tar.archive([("a.png", try picture()), ("b.png", try picture())])
    for count in stride(from: 0, to: whole.count - 1024, by: 256) {
      try layout.write("x.tar", Array(whole[..<count]))
      layout.expectError("tar:x.tar", "x.tar")
    }
    for position in [0, 130, 150, 1024 + 5] {
      var damaged = whole
      damaged[position] ^= 1
      try layout.write("x.tar", damaged)
      layout.expectError("tar:x.tar", "x.tar", "checksum")
    }
    try layout.write("x.tar", [0x1f, 0x8b, 8, 0])
    layout.expectError("tar:x.tar", "x.tar: is compressed", "gunzip")
    for (beginning, program) in [
      ([0x28, 0xb5, 0x2f, 0xfd], "unzstd"), (Array("BZh91AY&SY".utf8), "bunzip2"),
      ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "unxz"),
    ] {
      try layout.write("x.tar", beginning + [UInt8](repeating: 1, count: 600))
      layout.expectError("tar:x.tar", "x.tar: is compressed", program)
    }
    for (ending, program) in [("zst", "unzstd"), ("bz2", "bunzip2"), ("xz", "unxz")] {
      try layout.write("x.tar.\(ending)", [1])
      layout.expectError("tar:x.tar.\(ending)", "x.tar.\(ending)", program)
    }
    try layout.write("x.tar.gz", whole)
    layout.expectError("tar:x.tar.gz", "x.tar.gz", "decompress")
    try layout.write("t/x.tgz", whole)
    layout.expectError("tar:t", "no .tar files", "x.tgz")
    layout.expectError("tar:nowhere.tar", "nowhere.tar")
  }

  /// Sets the checksum of the header at a place right.
  private func seal(_ bytes: inout [UInt8], at start: Int) {
    let sum = (0..<512).reduce(0) {
      $0 + ((148..<156).contains($1) ? 32 : Int(bytes[start + $1]))
    }
    let digits = Array(String(sum, radix: 8).utf8) + [0]
    bytes.replaceSubrange(start + 148..<start + 148 + digits.count, with: digits)
  }

  @Test func negativeSizesAreRefused() throws {
    let layout = try Layout()
    for type: Character in ["0", "L", "x"] {
      var archive = Tar.member("a.png", try picture(), type: type)
      archive.replaceSubrange(124..<135, with: Array("-0000000005".utf8))
      seal(&archive, at: 0)
      try layout.write("x.tar", archive)
      layout.expectError("tar:x.tar", "x.tar", "damaged size")
    }
  }

  @Test func hostileHeadersDoNoHarm() throws {
    let layout = try Layout()
    for fixture in ["gnu.tar", "pax.tar"] {
      let bytes = try Fixture.bytes(fixture)
      var random = Numbers()
      for _ in 0..<200 {
        var damaged = bytes
        let position = Int.random(in: 0..<damaged.count, using: &random)
        damaged[position] = .random(in: 0...255, using: &random)
        // With a checksum that is right, the damage gets further.
        seal(&damaged, at: position / 512 * 512)
        try layout.write("x.tar", damaged)
        do {
          let images = try layout.open("tar:x.tar")
          for index in 0..<images.count { _ = try? images.image(at: index) }
        } catch let error as DatasetError {
          #expect(error.description.contains("x.tar"))
        }
      }
    }
  }
}
