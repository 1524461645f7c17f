import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchImages
import FunMatchTestSupport
import Testing

/// What `funmatch data pack` writes is the data set that it was written from.
struct ShardTests {
  /// Two classes of photographs and other names than archives like.
  private static func source(_ layout: Layout) throws -> any Dataset {
    let long = String(repeating: "many characters ", count: 8)
    for (index, name) in [
      "cat/a.jpg", "cat/v1.0.final.jpg", "cat/größe 7%.JPG", "dog/a.jpg", "dog/a.png", "dog/c.jpeg",
      "dog/deep/a.jpg", "dog/\(long).jpg", "dog/misnamed.jpg",
    ].enumerated() {
      let image = photograph(height: 30 + index, width: 40 + 3 * index, seed: index)
      let isPNG = name.hasSuffix("png") || name.contains("misnamed")
      try layout.write("images/" + name, isPNG ? image.pngData() : image.jpegData())
    }
    return try layout.open("folder:images")
  }

  private static func bytes(_ dataset: any Dataset, _ index: Int) throws -> [UInt8] {
    try dataset.read(index, with: ImageReader()) { Array(try #require($0.encoded)) }
  }

  private static func pack(
    _ dataset: any Dataset, _ layout: Layout, _ output: String, perShard: Int = 4,
    shrinking: ShardPacker.Shrinking? = nil, skipsBroken: Bool = false, threads: Int = 2,
    report: (String) -> Void = { _ in }
  ) throws {
    _ = try ShardPacker(
      dataset, source: "images", to: ShardPattern(layout.folder.file(output)), perShard: perShard,
      shrinking: shrinking, skipsBroken: skipsBroken, threads: threads
    ).pack(report: report)
  }

  private static func files(_ layout: Layout, _ folder: String) throws -> [String: [UInt8]] {
    let names = try FileManager.default.contentsOfDirectory(atPath: layout.folder.file(folder))
    return try Dictionary(
      uniqueKeysWithValues: names.map { ($0, try layout.folder.bytes("\(folder)/\($0)")) })
  }

  @Test(arguments: [1, 4, 100])
  func theyAreTheFolder(perShard: Int) throws {
    let layout = try Layout()
    let folder = try Self.source(layout)
    try Self.pack(folder, layout, "out/s-%03d.tar", perShard: perShard)
    let packed = try layout.open("tar:out/s.json")
    #expect(packed.count == folder.count && packed.classNames == ["cat", "dog"])
    #expect(!packed.classNamesAreNumbers && packed.shards.isEmpty)
    for index in 0..<folder.count {
      #expect(packed.localName(at: index) == folder.localName(at: index))
      #expect(packed.label(at: index) == folder.label(at: index))
      #expect(packed.encodedSize(at: index) == folder.encodedSize(at: index))
      #expect(try Self.bytes(packed, index) == Self.bytes(folder, index))
    }
    #expect(try layout.open("tar:out/s.json[2:5]").count == 3)
    let count = (folder.count + perShard - 1) / perShard
    #expect(try Self.files(layout, "out").count == count + 1)
  }

  @Test func imagesOfOtherFormatsKeepTheirBytesAndEndings() throws {
    let layout = try Layout()
    let colours: [UInt8] = [9, 8, 7, 0, 0, 0]
    let gif: [UInt8] =
      Array("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0] + colours
      + [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b]
    let size: [UInt8] = [40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0]
    let bmp =
      Array("BM".utf8) + [UInt8](repeating: 0, count: 12) + size
      + [UInt8](repeating: 0, count: 24) + [7, 8, 9, 0]
    try layout.write("images/a/1.GIF", gif)
    try layout.write("images/a/2.jpg", bmp)
    try layout.write("images/b/3.png", picture())
    let folder = try layout.open("folder:images")
    try Self.pack(folder, layout, "out/s-%d.tar", perShard: 100)
    for name in ["tar:out/s.json", "tar:out/s-0.tar"] {
      let packed = try layout.open(name)
      let cached = try CachedDataset(packed, mode: .bytes)
      #expect(packed.count == 3)
      for index in 0..<3 {
        #expect(try Self.bytes(packed, index) == Self.bytes(folder, index))
        #expect(try cached.image(at: index) == folder.image(at: index))
      }
    }
    let archive = try layout.open("tar:out/s-0.tar")
    // By the bytes, whatever the file was called.
    let endings = (0..<3).map { archive.name(at: $0).suffix(3) }
    #expect(Set(endings) == ["gif", "bmp", "png"])
    let first = try #require((0..<3).first { archive.name(at: $0).hasSuffix("gif") })
    #expect(try archive.image(at: first).pixels == [9, 8, 7])
  }

  /// By GNU tar, and by the rules of WebDataset: as many samples, each with an image and a class.
  @Test func othersReadThemToo() throws {
    let layout = try Layout()
    let folder = try Self.source(layout)
    try Self.pack(folder, layout, "out/s-%d.tar", perShard: 100)
    let asArchive = try layout.open("tar:out/s-0.tar")
    #expect(asArchive.count == folder.count)
    for index in 0..<folder.count {
      #expect(asArchive.label(at: index) == folder.label(at: index))
      #expect(try Self.bytes(asArchive, index) == Self.bytes(folder, index))
    }
    try layout.write("unpacked/x", "")
    let tar = Process()
    tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tar.arguments = [
      "tar", "-xf", layout.folder.file("out/s-0.tar"), "-C", layout.folder.file("unpacked"),
    ]
    try tar.run()
    tar.waitUntilExit()
    #expect(tar.terminationStatus == 0)
    for (name, member) in [
      ("cat/a.jpg", "cat/a.jpg"), ("cat/v1.0.final.jpg", "cat/v1%2E0%2Efinal.jpg"),
      ("cat/größe 7%.JPG", "cat/größe 7%25.jpg"), ("dog/misnamed.jpg", "dog/misnamed.png"),
    ] {
      #expect(
        try layout.folder.bytes("unpacked/" + member) == layout.folder.bytes("images/" + name))
    }
  }

  @Test func theNumberOfWorkersDoesNotMatter() throws {
    let layout = try Layout()
    let folder = try Self.source(layout)
    for (name, shrinking) in [
      ("a", nil),
      ("b", ShardPacker.Shrinking(shortSide: 33, quality: 80, decoder: ImageDecoder())),
    ] {
      for threads in [1, 2, 5] {
        try Self.pack(
          folder, layout, "\(name)\(threads)/s-%03d.tar", shrinking: shrinking, threads: threads)
      }
      let one = try Self.files(layout, name + "1")
      #expect(one.count == 4)
      #expect(try Self.files(layout, name + "2") == one)
      #expect(try Self.files(layout, name + "5") == one)
    }
  }

  @Test func largeImagesBecomeSmallerAndSmallOnesStay() throws {
    let layout = try Layout()
    let folder = try Self.source(layout)
    let shrinking = ShardPacker.Shrinking(shortSide: 33, quality: 80, decoder: ImageDecoder())
    try Self.pack(folder, layout, "out/s-%03d.tar", shrinking: shrinking)
    let packed = try layout.open("tar:out/s.json")
    for index in 0..<folder.count {
      let (before, after) = try (folder.image(at: index), packed.image(at: index))
      if min(before.height, before.width) <= 33 {
        #expect(try Self.bytes(packed, index) == Self.bytes(folder, index))
      } else {
        #expect(after.height == 33)
        let small = try before.resizeSmall(33).jpegData(quality: 80)
        #expect(try Self.bytes(packed, index) == small)
      }
    }
  }

  @Test func pixelsBecomePNG() throws {
    let layout = try Layout()
    let pictures = (0..<5).map { photograph(height: 6, width: 7, seed: $0) }
    let list = PictureList(pictures, classNames: ["x", "y"]) { $0 == 3 ? nil : $0 % 2 }
    try Self.pack(list, layout, "s%d.tar", perShard: 2)
    let packed = try layout.open("tar:s.json")
    #expect((0..<5).map { packed.label(at: $0) } == [0, 1, 0, nil, 0])
    for index in 0..<5 {
      #expect(try packed.image(at: index).pixels == pictures[index].pixels)
      #expect(packed.localName(at: index) == "picture \(index)")
    }
  }

  /// Names that are the same but for what follows the dot, or in different archives.
  @Test func noTwoImagesBecomeOne() throws {
    let layout = try Layout()
    for name in ["x", "y"] {
      try layout.write("\(name).tar", Tar.archive([("1.png", picture(name == "x" ? 1 : 2))]))
    }
    try Self.pack(layout.open("tar:{x,y}.tar"), layout, "out/s-%d.tar")
    let packed = try layout.open("tar:out/s-0.tar")
    #expect(try (0..<2).map { try packed.image(at: $0).pixels[0] } == [1, 2])
  }

  @Test func whatWasInterruptedGoesOn() throws {
    let layout = try Layout()
    let pictures = (0..<10).map { photograph(height: 6, width: 7, seed: $0) }
    try Self.pack(PictureList(pictures), layout, "whole/s-%02d.tar", perShard: 2)
    let broken = PictureList(pictures, broken: [5])
    let error = message { try Self.pack(broken, layout, "part/s-%02d.tar", perShard: 2) }
    #expect(error?.contains("picture 5: cannot decode") == true, "\(error ?? "")")
    #expect(error?.contains("--skip-broken") == true)
    #expect(
      try Self.files(layout, "part").keys.sorted() == ["s-00.tar", "s-01.tar", "s.json.partial"])
    // What a kill leaves behind: half of a shard, and half of a line.
    try layout.write("part/.s-02.tar.zzz.tmp", "half")
    let record = try layout.folder.bytes("part/s.json.partial")
    try layout.write("part/s.json.partial", record + Array("{\"shard\":".utf8))
    var lines: [String] = []
    try Self.pack(PictureList(pictures), layout, "part/s-%02d.tar", perShard: 2) {
      lines.append($0)
    }
    #expect(lines.first == "going on after 2 of 5 shards" && lines.count == 4)
    #expect(try Self.files(layout, "part") == Self.files(layout, "whole"))
    // A finished shard that is gone is packed again.
    try layout.remove("part/s.json")
    try layout.remove("part/s-01.tar")
    try layout.write("part/s.json.partial", record)
    try Self.pack(PictureList(pictures), layout, "part/s-%02d.tar", perShard: 2)
    #expect(try Self.files(layout, "part") == Self.files(layout, "whole"))
  }

  @Test func whatIsInTheWayStays() throws {
    let layout = try Layout()
    let pictures = (0..<4).map { photograph(height: 6, width: 7, seed: $0) }
    func fault(_ output: String, perShard: Int = 2, _ list: PictureList) -> String {
      message { try Self.pack(list, layout, output, perShard: perShard) } ?? ""
    }
    try layout.write("a/s-1.tar", "mine")
    // A process that was killed before it wrote anything knows of no shards.
    try layout.write("a/s.json.partial", "")
    #expect(fault("a/s-%d.tar", PictureList(pictures)).contains("s-1.tar: is there already"))
    #expect(try Self.files(layout, "a") == ["s-1.tar": Array("mine".utf8)])
    _ = fault("b/s-%d.tar", PictureList(pictures, broken: [3]))
    let other = fault("b/s-%d.tar", perShard: 3, PictureList(pictures))
    #expect(other.contains("other images, or other options"), "\(other)")
    #expect(fault("c/s.tar", PictureList(pictures)).contains("shards-%06d.tar"))
  }

  @Test func brokenImagesAreLeftOutWhenAsked() throws {
    let layout = try Layout()
    let pictures = (0..<5).map { photograph(height: 6, width: 7, seed: $0) }
    var lines: [String] = []
    try Self.pack(
      PictureList(pictures, broken: [0, 1, 3]), layout, "s-%d.tar", perShard: 2, skipsBroken: true
    ) { lines.append($0) }
    #expect(lines.filter { $0.hasPrefix("left out: picture ") }.count == 3)
    let packed = try layout.open("tar:s.json")
    #expect((0..<packed.count).map { packed.localName(at: $0) } == ["picture 2", "picture 4"])
  }

  @Test func damageAndLossAreTold() throws {
    let layout = try Layout()
    let folder = try Self.source(layout)
    try Self.pack(folder, layout, "s-%d.tar", perShard: 3)
    var bytes = try layout.folder.bytes("s-0.tar")
    bytes[700] ^= 1
    try layout.write("s-0.tar", bytes)
    try layout.remove("s-1.tar")
    try layout.write("s-2.tar", Array(layout.folder.bytes("s-2.tar").dropLast(512)))
    let packed = try layout.open("tar:s.json")
    let damaged = message { _ = try packed.image(at: 0) } ?? ""
    #expect(damaged.contains("s-0.tar/\(folder.localName(at: 0)): cannot decode"), "\(damaged)")
    #expect(damaged.contains("CRC-32"))
    _ = try packed.image(at: 1)
    for (index, words) in [
      (3, "s-1.tar: cannot read images of this shard: No such file"), (6, "bytes"),
    ] {
      let error = #expect(throws: ImageError.self) { try packed.image(at: index) }
      #expect(
        error?.kind == .lost && error?.description.contains(words) == true,
        "\(error ?? .init(kind: .lost, reason: ""))")
    }
  }

  /// Whatever was changed in the index, it opens or says what is wrong.
  @Test func aDamagedIndexIsRefused() throws {
    let layout = try Layout()
    try Self.pack(Self.source(layout), layout, "s-%d.tar")
    let text = String(decoding: try layout.folder.bytes("s.json"), as: UTF8.self)
    let label = #/"labels":\[\d+/#
    let offset = #/"offsets":\[\d+/#
    for (changed, words) in [
      (
        text.replacing("funmatch shards 1", with: "funmatch shards 2"),
        "expected 'funmatch shards 1'"
      ),
      (text.replacing("\"crc32\":[", with: "\"crc32\":[1,"), "not equally long"),
      (text.replacing("\"s-1.tar\"", with: "\"../s-1.tar\""), "no name of a file"),
      (text.replacing(offset, with: "\"offsets\":[99999999"), "lies beyond the end of s-0.tar"),
      (text.replacing(label, with: "\"labels\":[7"), "a label is not among its 2 classes"),
      (String(text.dropFirst()), "is no index"),
    ] {
      try #require(changed != text, "\(words)")
      try layout.write("t.json", changed)
      layout.expectError("tar:t.json", "t.json: ", words)
    }
    for end in stride(from: 0, to: text.utf8.count, by: 41) {
      try layout.write("t.json", String(text.prefix(end)))
      layout.expectError("tar:t.json", "t.json: ")
    }
  }
}
