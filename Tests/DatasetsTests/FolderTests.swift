import Foundation
import FunMatchDatasets
import FunMatchImages
import FunMatchTestSupport
import Testing

struct FolderTests {
  @Test func classesAreFoldersInBytewiseOrder() throws {
    let layout = try Layout()
    try layout.images([
      "f/b/1.jpg", "f/b/deep/2.JPEG", "f/B/3.Png", "f/b c/4.png", "f/b/.5.png", "f/.d/6.png",
    ])
    try layout.write("f/b/notes.txt", "")
    try layout.write("f/readme.md", "")
    let images = try layout.open("folder:f")
    #expect(images.classNames == ["B", "b", "b c"])
    #expect(
      images.classes(after: layout.path + "/f/")
        == ["b/1.jpg": "b", "b/deep/2.JPEG": "b", "B/3.Png": "B", "b c/4.png": "b c"])
    #expect(try images.image(at: 0).pixels == [7, 7, 7])
    #expect(try images.encodedSize(at: 2) == picture().count)
  }

  @Test func splitsAreFoldersWithTheirUsualNames() throws {
    let layout = try Layout()
    try layout.images(["f/train/a/1.png", "f/val/a/2.png", "g/validation/a/3.png", "g/x/a/4.png"])
    #expect(try layout.open("folder:f:train").names(after: layout.path) == ["/f/train/a/1.png"])
    for split in ["val", "validation", "valid", "eval"] {
      let names = try layout.open("folder:f:\(split)").names(after: layout.path)
      #expect(names == ["/f/val/a/2.png"])
    }
    #expect(try layout.open("folder:g:val").count == 1)
    layout.expectError("folder:f:test", "no folder 'test'", "train, val")
    layout.expectError("folder:f", "holds the splits train, val")
    // A split of another name may also be a class.
    #expect(try layout.open("folder:g").classNames == ["validation", "x"])
  }

  /// As they come from other tools and from file systems that do not tell capitals apart.
  @Test func splitsMayBeWrittenOtherwise() throws {
    let layout = try Layout()
    for (folder, splits) in [
      ("k", ["Train", "Validation", "Test"]), ("l", ["training", "DEV", "testing"]),
    ] {
      try layout.images(splits.map { "\(folder)/\($0)/cat/1.png" })
      for (split, name) in zip(["train", "val", "test"], splits) {
        let images = try layout.open("folder:\(folder):\(split)")
        #expect(images.names(after: layout.path) == ["/\(folder)/\(name)/cat/1.png"])
        #expect(images.classNames == ["cat"])
      }
      layout.expectError("folder:\(folder)", "holds the splits", splits[0], splits[2])
    }
    try layout.images(["m/Train/x/1.png", "m/train/y/1.png"])
    #expect(try layout.open("folder:m:train").classNames == ["y"])
  }

  /// What nothing reads is counted and named, and so is a class without images.
  @Test func whatIsLeftOutIsTold() throws {
    let layout = try Layout()
    try layout.images(["f/a/1.png", "f/b/2.png", "p/3.png"])
    #expect(try layout.open("folder:f").remarks == [])
    try layout.write("f/labels.csv", "")
    #expect(
      try layout.open("folder:f").remarks
        == ["1 file is no image by its name, and is left out: \(layout.path)/f/labels.csv"])
    for name in ["1.xyz", "2.txt", "3", ".hidden"] { try layout.write("f/b/\(name)", "") }
    try layout.write("f/c/notes.txt", "")
    let images = try layout.open("folder:f")
    #expect(images.classNames == ["a", "b", "c"] && images.labels.sorted { $0! < $1! } == [0, 1])
    #expect(images.remarks.count == 2 && images.remarks[0] == "class 'c' has no images")
    #expect(images.remarks[1].hasPrefix("5 files are no images by their names"))
    #expect(images.remarks[1].hasSuffix("f/b/1.xyz, \(layout.path)/f/b/2.txt and 2 more"))
    #expect(try layout.open("folder:f[:1]").remarks == images.remarks)
    try layout.write("p/readme", "")
    #expect(try layout.open("photos:p").remarks.count == 1)
    try layout.write("g/a/notes.txt", "")
    layout.expectError("folder:g", "none of its 1 folders holds an image")
  }

  @Test func labelsAreFoundByTheirNames() throws {
    let layout = try Layout()
    try layout.images(["f/b/1.png", "f/d/2.png"])
    let images = try layout.open("folder:f")
    let fitted = try #require(RelabelledDataset(images, as: ["a", "b", "c", "d"]))
    #expect(fitted.classNames == ["a", "b", "c", "d"])
    #expect(Set(fitted.labels) == [1, 3])
    for index in 0..<2 {
      let own = images.classNames[images.label(at: index) ?? 9]
      #expect(fitted.classNames[fitted.label(at: index) ?? 9] == own)
      #expect(fitted.name(at: index) == images.name(at: index))
    }
    #expect(RelabelledDataset(images, as: ["d", "b"])?.classNames == ["d", "b"])
    for names in [["b", "d"], ["a", "b"], ["b", "b", "d"], []] {
      #expect(RelabelledDataset(images, as: names) == nil, "\(names)")
    }
  }

  @Test func filesOfBrowsersAndOldCamerasAreImages() throws {
    let layout = try Layout()
    try layout.images(["f/a/1.jfif", "f/a/2.JPE", "f/b/3.jpg"])
    #expect(try layout.open("folder:f").count == 3)
    try layout.write("x.tar", Tar.archive([("1.jfif", picture()), ("v.2.jpe", picture())]))
    #expect(try layout.open("tar:x.tar").count == 2)
  }

  @Test func splitsBesideOtherFoldersAreNoClasses() throws {
    for other in ["val", "valid", "validation", "eval", "test"] {
      let layout = try Layout()
      try layout.images(["f/train/a/1.png", "f/\(other)/a/2.png", "f/extra/3.png"])
      layout.expectError("folder:f", "holds the splits", "train", other, "folder:")
      #expect(try layout.open("folder:f:train").count == 1)
    }
    let layout = try Layout()
    try layout.images(["f/train/1.png", "f/bus/2.png"])
    #expect(try layout.open("folder:f").classNames == ["bus", "train"])
  }

  @Test func namesMayHoldColons() throws {
    let layout = try Layout()
    try layout.images(["x:y/a/1.png", "x/y/a/2.png", "x:y/z/a/3.png", "x/w/a/4.png"])
    let root = layout.path + "/"
    #expect(try layout.open("folder:x:y").classNames == ["a", "z"])
    #expect(try layout.open("folder:\(root)x:y").classNames == ["a", "z"])
    #expect(try layout.open("folder:x:y:z").names(after: root) == ["x:y/z/a/3.png"])
    #expect(try layout.open("folder:x:w").names(after: root) == ["x/w/a/4.png"])
    #expect(try layout.open("photos:x:y[:1]").names(after: root) == ["x:y/a/1.png"])
  }

  @Test func imagesWithoutFoldersHaveNoLabelsAndAreSortedByPath() throws {
    let layout = try Layout()
    try layout.images(["f/b.png", "f/a.png", "f/a-1.png"])
    let images = try layout.open("folder:f")
    #expect(images.names(after: layout.path + "/f/") == ["a-1.png", "a.png", "b.png"])
    #expect(images.labels == [nil, nil, nil])
    #expect(images.classNames == [])
  }

  @Test func photosAreAllImagesBelowSortedByPath() throws {
    let layout = try Layout()
    try layout.images(["p/a/2.jpg", "p/a/1.jpg", "p/a-b/0.jpg", "p/z.png", "p/.hidden/x.png"])
    let images = try layout.open("photos:p")
    #expect(
      images.names(after: layout.path + "/p/")
        == ["a-b/0.jpg", "a/1.jpg", "a/2.jpg", "z.png"])
    #expect(images.labels == [nil, nil, nil, nil])
    layout.expectError("photos:q", "q: does not exist in \(layout.path) or the current folder")
    try layout.write("file", "")
    layout.expectError("photos:file", "/file: is not a folder")
    layout.expectError("photos:p:train", "no splits")
    try layout.write("empty/notes.txt", "")
    layout.expectError("photos:empty", "holds no images")
  }

  @Test func linksAreFollowedButNotInCircles() throws {
    let layout = try Layout()
    try layout.images(["store/1.png", "f/a/2.png"])
    let files = FileManager.default
    try files.createSymbolicLink(
      atPath: layout.folder.file("f/b"), withDestinationPath: layout.folder.file("store"))
    try files.createSymbolicLink(
      atPath: layout.folder.file("f/a/3.png"),
      withDestinationPath: layout.folder.file("store/1.png"))
    #expect(
      try layout.open("folder:f").classes(after: layout.path + "/f/")
        == ["a/2.png": "a", "a/3.png": "a", "b/1.png": "b"])
    try files.createSymbolicLink(
      atPath: layout.folder.file("f/a/again"), withDestinationPath: layout.folder.file("f"))
    layout.expectError("folder:f", "again", "link to a folder that it lies in")
  }

  /// Two links on each of many levels: as many ways to the last folder as there are leaves of a tree.
  @Test func linksThatDoubleEndInASentence() throws {
    let layout = try Layout()
    let files = FileManager.default
    func tree(_ root: String, levels: Int) throws {
      try layout.images(["\(root)-store/\(levels)/1.png"])
      for level in 0..<levels {
        let folder = layout.folder.file("\(root)-store/\(level)")
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for side in ["l", "r"] {
          try files.createSymbolicLink(
            atPath: "\(folder)/\(side)", withDestinationPath: "../\(level + 1)")
        }
      }
      try files.createDirectory(
        atPath: layout.folder.file(root), withIntermediateDirectories: true)
      try files.createSymbolicLink(
        atPath: layout.folder.file("\(root)/a"), withDestinationPath: "../\(root)-store/0")
    }
    try tree("few", levels: 3)
    #expect(try layout.open("folder:few").count == 8)
    try tree("many", levels: 30)
    layout.expectError("folder:many", "more than 64 ways")
  }

  @Test func otherLayoutsAreRefused() throws {
    let layout = try Layout()
    layout.expectError("folder:f", "f: does not exist")
    layout.expectError("folder:/nowhere", "/nowhere: does not exist")
    try layout.write("f/notes.txt", "")
    layout.expectError("folder:f", "/f: holds no images")
    try layout.images(["f/a/1.png", "f/b/1.png", "f/1.png"])
    layout.expectError("folder:f", "1.png", "folders (a)")
    try layout.remove("f/1.png")
    #expect(try layout.open("folder:f").count == 2)
    let others = ImageFormat.allCases.filter { !$0.isDecoded }.flatMap(\.endings)
    for ending in ["ppm", "JP2", "jxl"] + others {
      try layout.write("f/b/2.\(ending)", "")
      layout.expectError("folder:f", "/f/b/2.\(ending)", "only JPEG, PNG, WebP")
      try layout.remove("f/b/2.\(ending)")
    }
  }

  @Test func imagesOfEveryFormatAreFoundInAnyCapitals() throws {
    let layout = try Layout()
    let endings = ImageFormat.allCases.filter(\.isDecoded).flatMap(\.endings)
    #expect(
      Set(endings).isSuperset(of: ["jfif", "jif", "webp", "gif", "dib", "bmp", "tif", "tiff"]))
    for ending in endings {
      try layout.write("f/a/1.\(ending)", "")
      try layout.write("f/a/2.\(ending.uppercased())", "")
    }
    #expect(try layout.open("folder:f").count == 2 * endings.count)
  }

  @Test func namesNeedNotBeUTF8() throws {
    let layout = try Layout()
    try layout.images(["f/x.png"])
    let odd = layout.folder.file("f/").utf8.map { CChar(bitPattern: $0) } + [-1, 46, 112, 110, 103]
    try #require(rename(layout.folder.file("f/x.png"), odd + [0]) == 0)
    #expect(try layout.open("photos:f").image(at: 0).height == 1)
    try layout.images(["g/x/1.png"])
    let folder = layout.folder.file("g/").utf8.map { CChar(bitPattern: $0) } + [-1, 0]
    try #require(rename(layout.folder.file("g/x"), folder) == 0)
    let images = try layout.open("folder:g")
    #expect(images.count == 1 && images.labels == [0])
    #expect(try images.image(at: 0).height == 1)
  }

  @Test func pathsAreLookedForUnderTheFoldersAndThenAsTheyStand() throws {
    let (first, second) = (try Layout(), try Layout())
    try second.images(["f/a/1.png", "g/a/1.png"])
    try first.images(["f/a/2.png"])
    let registry = DatasetRegistry(
      dataFolder: first.path, environment: ["FUNMATCH_DATA": second.path])
    let names = try ["folder:f", "folder:g", "folder:\(second.path)/f"].map {
      try registry.open(DatasetReference($0)).name(at: 0)
    }
    #expect(
      names == [first.path + "/f/a/2.png", second.path + "/g/a/1.png", second.path + "/f/a/1.png"])
  }

  @Test func imagesThatWentAreNamedWhenTheyAreRead() throws {
    let layout = try Layout()
    try layout.images(["f/a/1.png"])
    let images = try layout.open("folder:f")
    try layout.remove("f/a/1.png")
    let error = #expect(throws: ImageError.self) { try images.image(at: 0) }
    #expect(error?.file == layout.path + "/f/a/1.png")
    #expect(error?.kind == .unreadable)
  }
}
