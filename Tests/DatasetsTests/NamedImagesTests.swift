import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchImages
import FunMatchTestSupport
import Testing

struct NamedImagesTests {
  private let layout: Layout

  init() throws { layout = try Layout() }

  /// What the words name, without where the layout lies; of what is no image the reason.
  private func names(_ words: String..., list: String? = nil) throws -> [String] {
    var input: Int32 = -1
    if let list {
      try layout.write("list", list)
      input = open(layout.path + "/list", O_RDONLY)
    }
    defer { close(input) }
    let images = NamedImages(
      words.map { $0 == "-" ? $0 : layout.path + "/" + $0 }, input: input)
    let reader = ImageReader()
    var names: [String] = []
    while case .image(let image) = try images.next(waiting: true) {
      do {
        try image.read(with: reader) {
          let pixels = try $0.image().pixels
          #expect(pixels == [7, 7, 7])
        }
        names.append(image.name)
      } catch {
        names.append("\(error)")
      }
    }
    if case .end = try images.next(waiting: false) {} else { Issue.record("an end lasts") }
    return names.map { $0.replacingOccurrences(of: layout.path + "/", with: "") }
  }

  @Test func filesComeInTheirOrder() throws {
    try layout.images(["b.png", "a.png", "no ending"])
    try layout.write("c.png", "junk")
    let found = try names("b.png", "a.png", "none.png", "no ending", "c.png", "a.png")
    #expect(found[0...1] == ["b.png", "a.png"] && found[3] == "no ending" && found[5] == "a.png")
    #expect(found[2] == "none.png: cannot read the image: No such file or directory")
    #expect(found[4].hasPrefix("c.png: cannot decode the image"))
  }

  @Test func foldersAreSortedAndHaveAnEnd() throws {
    try layout.images([
      "f/b/2.png", "f/b/10.png", "f/b.png", "f/a/deep/x.JPG", "f/.hidden/y.png", "f/.z.png",
      "elsewhere/e.png",
    ])
    try layout.write("f/notes.txt", "")
    // Back into itself, around, twice to the same place, and to nowhere.
    for (link, target) in [
      ("f/a/loop", ".."), ("f/a/deep/self", "."), ("f/x", "../elsewhere"), ("f/y", "../elsewhere"),
      ("elsewhere/back", "../f"), ("f/gone.png", "nowhere"),
    ] {
      try FileManager.default.createSymbolicLink(
        atPath: layout.path + "/" + link, withDestinationPath: target)
    }
    let expected = [
      "f/a/deep/x.JPG", "f/b.png", "f/b/10.png", "f/b/2.png",
      "f/gone.png: cannot read the image: No such file or directory", "f/x/e.png",
    ]
    #expect(try names("f") == expected)
    #expect(try names("f//", "f") == expected + expected)
  }

  /// So many paths that nobody could wait for their end.
  @Test func treesThatAreLinkedTwiceHaveAnEnd() throws {
    for level in 0..<60 {
      try layout.images(["t\(level)/\(level).png"])
      for name in ["l", "r"] {
        try FileManager.default.createSymbolicLink(
          atPath: layout.path + "/t\(level)/\(name)", withDestinationPath: "../t\(level + 1)")
      }
    }
    try layout.images(["t60/60.png"])
    // The system follows 40 links of a path and no more.
    let found = try names("t0")
    #expect(found.count { $0.hasSuffix(".png") } >= 30 && found.count < 80, "\(found)")
  }

  @Test func foldersWithoutImagesAreNamed() throws {
    try layout.write("f/notes.txt", "")
    try layout.images(["f/.hidden.png", "a.png"])
    #expect(try names("f", "a.png") == ["f: holds no images", "a.png"])
  }

  @Test func foldersThatCannotBeListedAreNamed() throws {
    // The administrator may read everything.
    guard getuid() != 0 else { return }
    try layout.images(["f/a/1.png", "f/b/2.png", "f/c/3.png"])
    chmod(layout.path + "/f/b", 0)
    defer { chmod(layout.path + "/f/b", 0o700) }
    #expect(
      try names("f") == [
        "f/a/1.png", "f/b: cannot be listed as a folder (Permission denied)", "f/c/3.png",
      ])
  }

  @Test func patternsAreForWhatNoFileIsCalled() throws {
    try layout.images(["s/b1.png", "s/a2.png", "s/a1.png", "s/deep/c.png", "s/[a].png", "s/*"])
    #expect(try names("s/a?.png") == ["s/a1.png", "s/a2.png"])
    #expect(try names("s/[b]*.png", "s/d*") == ["s/b1.png", "s/deep/c.png"])
    #expect(try names("s/[a].png", "s/*") == ["s/[a].png", "s/*"])
    #expect(
      try names("s/q*", "s/b1.png") == [
        "s/q*: no file is called so, and none matches it", "s/b1.png",
      ])
    mkfifo(layout.path + "/s/pipe.png", 0o600)
    #expect(
      try names("s/p*.png") == ["s/pipe.png: cannot read the image: it is not a regular file"])
  }

  @Test func listsAreOfOnePathALine() throws {
    let names = ["a.png", " b ü.png", "c.png"]
    try layout.images(names)
    let paths = names.map { layout.path + "/" + $0 }
    let list = "\(paths[0])\n\n\r\n\(paths[1])\r\n/none\n\(layout.path)\n\(paths[2])"
    #expect(
      try self.names("c.png", "-", "a.png", list: list) == [
        "c.png", "a.png", " b ü.png", "/none: cannot read the image: No such file or directory",
        "\(layout.path): cannot read the image: it is not a regular file", "c.png", "a.png",
      ])
    for empty in ["", "\n\r\n"] {
      #expect(try self.names("-", list: empty) == ["standard input: names no images"])
    }
    let zero = try self.names("-", list: "\(paths[0])\0\(paths[2])\0")
    #expect(zero.count == 1 && zero[0].hasSuffix("cannot read the image: a path has no zero byte"))
  }

  @Test func linesThatNoPathHasAreRefused() throws {
    let long = String(repeating: "x", count: 1_100_000)
    let error = #expect(throws: FileError.self) { try names("-", list: long) }
    #expect(error?.description.hasPrefix("standard input: a line has more than") == true)
  }

  /// What is there is taken, and the rest waited for only where somebody wants to.
  @Test func listsComeInParts() throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    defer { close(ends[0]) }
    let images = NamedImages(["-"], input: ends[0])
    func next(waiting: Bool = false) throws -> String {
      switch try images.next(waiting: waiting) {
      case .image(let image): image.name
      case .later: "later"
      case .end: "end"
      }
    }
    func send(_ text: String) { _ = text.withCString { write(ends[1], $0, strlen($0)) } }
    #expect(try next() == "later")
    send("/a\n/b\r\n/c")
    #expect(try [next(), next(), next()] == ["/a", "/b", "later"])
    send("d\n")
    #expect(try next(waiting: true) == "/cd")
    #expect(try next() == "later")
    send("/e")
    close(ends[1])
    #expect(try [next(waiting: true), next(waiting: true), next()] == ["/e", "end", "end"])
  }

  @Test func pipesAndDevicesAreReadToTheirEnd() throws {
    try layout.images(["a.png"])
    let bytes = try Data(contentsOf: URL(fileURLWithPath: layout.path + "/a.png"))
    let path = layout.path + "/pipe"
    #expect(mkfifo(path, 0o600) == 0)
    let writer = Thread {
      let file = open(path, O_WRONLY)
      // In two parts.
      for part in [bytes.prefix(20), bytes.dropFirst(20)] {
        _ = part.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        usleep(20_000)
      }
      close(file)
    }
    writer.start()
    #expect(try names("pipe") == ["pipe"])
    let null = NamedImages(["/dev/null"])
    guard case .image(let image) = try null.next(waiting: true) else {
      Issue.record("a device is an image")
      return
    }
    let error = #expect(throws: ImageError.self) { try image.read(with: ImageReader()) { _ in } }
    #expect(error?.description == "/dev/null: cannot decode the image: it is empty (no bytes)")
    let zeros = NamedImages(["/dev/zero"])
    guard case .image(let image) = try zeros.next(waiting: true) else { return }
    let reader = ImageReader(ImageDecoder(byteLimit: 1_000_000))
    let limit = #expect(throws: ImageError.self) { try image.read(with: reader) { _ in } }
    #expect(limit?.kind == .tooLarge)
  }
}
