import Foundation
import FunMatchDatasets
import Testing

/// Images that a user's list names.
struct ImageListTests {
  private let layout: Layout
  private let names = ["a.png", "b, c.png", "sub/d.png", "sub/e.png"]

  init() throws {
    layout = try Layout()
    try layout.images(names.map { "set/\($0)" })
  }

  /// What a list says of each image.
  private func classes(_ text: String, _ query: String = "") throws -> [String: String] {
    try layout.write("set/l.csv", text)
    return try layout.open("list:set/l.csv\(query)").classes(after: layout.path + "/set/")
  }

  private func expectError(
    _ text: String, _ query: String, _ words: String..., location: SourceLocation = #_sourceLocation
  ) throws {
    try layout.write("set/l.csv", text)
    let error = #expect(throws: DatasetError.self, sourceLocation: location) {
      try layout.open("list:set/l.csv\(query)")
    }
    for word in words + ["l.csv"] {
      #expect(
        error?.description.contains(word) == true,
        "'\(error?.description ?? "")' has no '\(word)'", sourceLocation: location)
    }
  }

  @Test func pathsAndLabelsAreReadAsTheyStand() throws {
    let expected = ["a.png": "cat", "b, c.png": "dog", "sub/d.png": "cat"]
    let texts = [
      "a.png,cat\n\"b, c.png\",dog\nsub/d.png,cat\n",
      "\u{FEFF}a.png;cat\r\n\"b, c.png\"; dog\r\n\r\nsub/d.png;\"cat\"\r\n",
      "path\tlabel\n./a.png\tcat \nb, c.png\tdog\nsub/../sub//d.png\tcat",
      "a.png   cat\n\"b, c.png\"  dog\nsub/d.png  cat  \n",
      "\(layout.path)/set/a.png,cat\r\"b, c.png\",dog\rsub/d.png,cat\r",
    ]
    for text in texts { #expect(try classes(text) == expected, "\(text)") }
    // Every one again counts once, and is told of.
    #expect(try classes(texts[0] + "./a.png,cat\n") == expected)
    let remarks = try layout.open("list:set/l.csv").remarks
    #expect(remarks == ["1 line names an image again, which counts once: a.png"])
  }

  @Test func columnsAreNumbersFromOneOrNames() throws {
    let text = "id,kind,file,label\n1,x,a.png,cat\n2,y,sub/d.png,dog\n"
    let expected = ["a.png": "cat", "sub/d.png": "dog"]
    #expect(try classes(text, "?path=file&label=label") == expected)
    #expect(try classes(text, "?path=3&label=4") == expected)
    #expect(try classes(text, "?path=3&label=kind") == ["a.png": "x", "sub/d.png": "y"])
    #expect(
      try classes("file,what & why\na.png,cat\n", "?label=what %26 why") == ["a.png": "cat"])
    try expectError(text, "", "id, kind, file, label", "?path=id&label=kind")
    try expectError(text, "?path=file", "id, kind, file, label")
    try expectError(text, "?path=file&label=Label", "no column 'Label'", "file, label")
    try expectError(text, "?path=3&label=5", "no column '5'")
    try expectError("a.png,cat\n", "?label=1", "path and label are the same column 1")
    try expectError("a.png,cat\n", "?label=3", "no column '3'", "2 columns")
    try expectError("file,1\na.png,cat\n", "?path=1&label=2&header=yes&split=1", "'1' is the name")
    try expectError("path,x,x\na.png,cat,dog\n", "?path=path&label=x", "2 columns are called 'x'")
    // A header is one where the first line names no image and the second does, or where that is said.
    #expect(try classes("name,cat\na.png,dog\n") == ["a.png": "dog"])
    try expectError("name,cat\na.png,dog\n", "?header=no", "1 of the 2", "name (line 1)")
    #expect(try classes("a.png,cat\nsub/d.png,dog\n", "?header=yes") == ["sub/d.png": "dog"])
  }

  @Test(arguments: [
    ("?", "does not exist"), ("?lable=2", "unknown key 'lable'; did you mean 'label'?"),
    ("?path=0", "columns count from 1"), ("?label=2&label=3", "'label' is said twice"),
    ("?header=maybe", "is not yes or no"), ("?delimiter=,", "comma, tab, semicolon or blanks"),
    ("?threshold=half", "is not a number"), ("?test=1", "a share between 0 and 1"),
    ("?test=0.6&validation=0.4", "leave nothing for train"), ("?hashOf=name", "test or validation"),
    ("?split=3&test=0.2", "split and test"), ("?label=none&threshold=1", "label and threshold"),
    ("?classes=a,b,c&threshold=1", "two classes"), ("?classes=a,a", "different names"),
    ("?label=50%", "write %25 for itself"), ("?label=a&", "'' is not KEY=VALUE"),
    ("?header=no&label=name", "header is no"),
  ])
  func queriesThatMeanNothingAreRefused(query: String, words: String) throws {
    try layout.write("set/l.csv", "a.png,cat\n")
    layout.expectError("list:set/l.csv\(query)", words)
  }

  @Test func linesThatDoNotFitAreNamed() throws {
    try expectError(
      "a.png,cat\nsub/d.png\n", "?delimiter=comma", "line 2: has 1 field, the first line 2")
    try expectError("a.png,cat\nsub/d.png, \n", "", "line 2: has no label", "label=none")
    try expectError("a.png,cat\n,dog\n", "", "line 2: has no path")
    try expectError("a.png,cat\n../x.png,dog\n", "", "line 2: ../x.png does not lie under", "root=")
    try expectError("a.png,cat\n/x/y.png,dog\n", "", "line 2: /x/y.png does not lie under")
    try expectError(
      "a.png,cat\nsub/d.png,dog\nsub/../a.png,dog\n", "",
      "a.png has one label in line 1 and another in line 3")
    try expectError("a.png,cat\nsub/d.png,\"dog\n", "?delimiter=comma", "line 2: a quote")
    try expectError("a.png,cat\n\u{0}", "", "line 2: holds a zero byte")
    try expectError("", "", "is empty")
    try expectError("path,label\n", "?header=yes", "names no images")
    try expectError("<!DOCTYPE html><html></html>", "", "is a web page")
    try layout.write("set/l.csv", [0xff, 0xfe, 0x61, 0])
    layout.expectError("list:set/l.csv", "l.csv: is text in UTF-16")
    try layout.write("set/l.csv", Array("a.png,".utf8) + [0xe4, 0x0a])
    layout.expectError("list:set/l.csv", "l.csv: line 1: its label is not UTF-8")
    layout.expectError("list:set", "is a folder")
    layout.expectError("list:set/none.csv", "does not exist")
  }

  @Test func missingImagesAreCountedAndNamed() throws {
    let lost = (1...5).map { "lost\($0).png,cat\n" }.joined()
    try expectError(
      "a.png,cat\n" + lost, "", "5 of the 6 images that it names are missing", "lost1.png (line 2)",
      "lost3.png (line 4) and 2 more")
    // A folder is no image.
    try expectError("a.png,cat\nsub,dog\n", "", "1 of the 2", "sub (line 2)")
    try layout.images(["elsewhere/lost1.png"])
    try layout.write("set/l.csv", "lost1.png,cat\n")
    #expect(try layout.open("list:set/l.csv?root=../elsewhere").count == 1)
    layout.expectError("list:set/l.csv?root=nowhere", "root=nowhere is no folder")
  }

  @Test func numbersBecomeTwoClasses() throws {
    let text =
      "a.png              1.0000000000000000  mono\nsub/d.png          0.3333333333333333  poly\n"
      + "sub/e.png          0.5                 poly\n"
    #expect(
      try classes(text, "?threshold=0.5")
        == ["a.png": "above 0.5", "sub/d.png": "at most 0.5", "sub/e.png": "at most 0.5"])
    #expect(
      try classes(text, "?threshold=0.4&classes=functional,defective")
        == ["a.png": "defective", "sub/d.png": "functional", "sub/e.png": "defective"])
    #expect(
      try layout.open("list:set/l.csv?threshold=0.5").classNames == ["at most 0.5", "above 0.5"])
    #expect(try classes(text, "?label=3")["a.png"] == "mono")
    try expectError(text, "", "numbers such as 1.0000000000000000 (line 1)", "threshold=0.5")
    try expectError(text, "?label=3&threshold=1", "line 1: 'mono' is no number")
    for odd in ["nan", "inf", "0x1", "1,5"] {
      try expectError("a.png;\(odd)\n", "?threshold=1&delimiter=semicolon", "line 1: '\(odd)'")
    }
    // Two numbers may be names.
    #expect(try classes("a.png 0.0\nsub/d.png 1.0\n") == ["a.png": "0.0", "sub/d.png": "1.0"])
  }

  @Test func wholeNumbersAreClasses() throws {
    let text = "a.png,0\nsub/d.png,2\nsub/e.png,10\n"
    #expect(try layout.list("a.png,0\nsub/d.png,1\n").classNamesAreNumbers)
    let set = try layout.list("a.png,0\nsub/d.png,3\nsub/e.png,2\n")
    #expect(set.classNames.count == 4 && set.remarks == ["1 of 4 classes have no images: class 1"])
    #expect(
      set.classes(after: layout.path + "/set/")
        == ["a.png": "class 0", "sub/d.png": "class 3", "sub/e.png": "class 2"])
    try expectError(text, "", "3 different whole numbers from 0 to 10", "classes=")
    try expectError("a.png,1\nsub/d.png,2\n", "", "from 1 to 2")
    // Names that somebody gives stand in that order; a number is a place among them, or a name.
    #expect(
      try classes("a.png,1\nsub/d.png,2\n", "?classes=1,2") == ["a.png": "1", "sub/d.png": "2"])
    #expect(
      try classes("a.png,1\nsub/d.png,0\n", "?classes=cat,dog") == [
        "a.png": "dog", "sub/d.png": "cat",
      ])
    try expectError("a.png,2\n", "?classes=cat,dog", "1 of its 1 labels", "'2' (line 1)")
    try layout.write("set/names.txt", "dog\r\ncat\r\n\r\nowl\r\n")
    #expect(
      try classes("a.png,cat\nsub/d.png,dog\n", "?classFile=names.txt")
        == ["a.png": "cat", "sub/d.png": "dog"])
    #expect(
      try layout.open("list:set/l.csv?classFile=names.txt").classNames == ["dog", "cat", "owl"])
    #expect(try layout.open("list:set/l.csv?classFile=names.txt").labels.contains(1))
    layout.expectError("list:set/l.csv?classFile=none.txt", "none.txt is missing")
    // Zeros at the front make a name.
    #expect(try classes("a.png,01\nsub/d.png,10\n")["a.png"] == "01")
  }

  @Test func classesAreThoseOfTheWholeList() throws {
    let text = "a.png,cat,train\nsub/d.png,ant,val\nsub/e.png,Bee,train\n"
    try layout.write("set/l.csv", text)
    let train = try layout.open("list:set/l.csv?split=3:train")
    #expect(train.classNames == ["Bee", "ant", "cat"])
    #expect(
      train.classes(after: layout.path + "/set/") == ["a.png": "cat", "sub/e.png": "Bee"])
    #expect(train.remarks == ["1 of 3 classes have no images: ant"])
    for split in ["val", "validation", "Valid"] {
      #expect(try layout.open("list:set/l.csv?split=3:\(split)").labels == [1])
    }
    layout.expectError("list:set/l.csv?split=3:test", "no split 'test'; there are train, val")
    layout.expectError("list:set/l.csv?split=3", "holds the splits train, val; name one")
    layout.expectError("list:set/l.csv:train", "knows no split 'train'", "split=COLUMN")
    try expectError(text + "a.png,cat,val\n", "?split=3:train", "one split in line 1")
    try expectError("a.png,cat,\n", "?split=3:train", "line 1: its split is empty")
    // What looks like splits and is not used is told of.
    try layout.write("set/l.csv", "path,label,split\n" + text)
    #expect(
      try layout.open("list:set/l.csv?path=path&label=label").remarks
        == ["column 'split' is not used; split=split makes splits of it"])
  }

  /// By hashlib: `Fixtures/lists.py`.
  @Test(arguments: ["path", "name"]) func splitsByHashAreThoseOfPython(hashed: String) throws {
    let expected = try JSONDecoder().decode(
      [String: [String: String]].self, from: Data(Fixture.bytes("list-splits.json")))
    try layout.images(expected.keys.map { "cells/\($0)" })
    let text = expected.keys.sorted().map { "\($0)  0.0  mono\n" }.joined()
    try layout.write("cells/labels.csv", text)
    var count = 0
    for split in ["train", "validation", "test"] {
      let names = expected.filter { $0.value[hashed] == split }.keys.sorted()
      let reference =
        "list:cells/labels.csv?threshold=0.5&test=0.25&validation=0.125&hashOf=\(hashed):\(split)"
      let found = try layout.open(reference).names(after: layout.path + "/cells/")
      #expect(found.sorted() == names && !names.isEmpty)
      count += found.count
    }
    #expect(count == expected.count)
    layout.expectError("list:cells/labels.csv?threshold=1&test=0.25", "splits train, test")
    layout.expectError("list:cells/labels.csv?threshold=1&test=0.25:validation", "no split")
  }

  @Test func theOrderIsThatOfFoldersAndOfPhotos() throws {
    try layout.images((0..<20).flatMap { ["tree/a/\($0).png", "tree/b/\($0).png"] })
    let folder = try layout.open("folder:tree")
    try layout.write(
      "l.csv", (0..<20).map { "tree/a/\($0).png,a\ntree/b/\($0).png,b\n" }.joined())
    let list = try layout.open("list:l.csv?root=tree/..")
    #expect(list.classNames == folder.classNames && list.count == 40)
    try layout.write(
      "l.csv", (0..<20).map { "b/\($0).png,b\na/\($0).png,a\n" }.joined())
    let own = try layout.open("list:l.csv?root=tree")
    #expect((0..<40).map { own.localName(at: $0) } == (0..<40).map { folder.localName(at: $0) })
    #expect(own.labels == folder.labels)
    #expect(try layout.open("list:l.csv?root=tree[:25%]").count == 10)
    // Without labels by path.
    let bare = try layout.open("list:l.csv?root=tree&label=none")
    #expect(bare.classNames.isEmpty && bare.label(at: 0) == nil)
    let names = (0..<40).map { bare.localName(at: $0) }
    #expect(names == names.sorted())
    try layout.write("l.csv", "b/1.png\na/2.png\n")
    #expect(
      try layout.open("list:l.csv?root=tree").names(after: layout.path + "/tree/")
        == ["a/2.png", "b/1.png"])
    layout.expectError(
      "list:l.csv?root=tree&threshold=1", "one column, and threshold is about labels")
  }
}

extension Layout {
  /// A list in the folder `set`.
  fileprivate func list(_ text: String) throws -> any Dataset {
    try write("set/l.csv", text)
    return try open("list:set/l.csv")
  }
}
