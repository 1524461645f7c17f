import FunMatchDatasets
import FunMatchTestSupport
import Testing

/// Data sets that come with lists in text files.
struct ListTests {
  private func pets() throws -> Layout {
    let layout = try Layout()
    try layout.images(
      ["Abyssinian_1", "Abyssinian_2", "great_pyrenees_7", "Bengal_1"].map {
        "oxford-iiit-pet/images/\($0).jpg"
      })
    try layout.write(
      "oxford-iiit-pet/annotations/trainval.txt",
      "#Image CLASS-ID SPECIES BREED ID\nAbyssinian_2 1 1 1\ngreat_pyrenees_7 2 2 1\n")
    try layout.write(
      "oxford-iiit-pet/annotations/test.txt", "\u{FEFF}Abyssinian_1 1 1 1\r\nBengal_1 3 1 2\r\n")
    return layout
  }

  @Test func petsAreReadByTheirLists() throws {
    let layout = try pets()
    let root = layout.path + "/oxford-iiit-pet/images/"
    let train = try layout.open("pets:train")
    #expect(
      train.classes(after: root)
        == ["Abyssinian_2.jpg": "Abyssinian", "great_pyrenees_7.jpg": "great_pyrenees"])
    #expect(train.classNames == ["Abyssinian", "great_pyrenees", "Bengal"])
    let test = try layout.open("pets:test")
    #expect(
      test.classes(after: root) == ["Abyssinian_1.jpg": "Abyssinian", "Bengal_1.jpg": "Bengal"])
    layout.expectError("pets:validation", "train and test")
  }

  @Test func petsThatDoNotFitAreRefused() throws {
    let layout = try pets()
    try layout.remove("oxford-iiit-pet/images/Abyssinian_2.jpg")
    layout.expectError("pets:train", "images/Abyssinian_2.jpg is missing", "trainval.txt")
    for line in ["Abyssinian_1", "Abyssinian 1 1 1", "_1 1 1 1", "a_1 0", "a_1 99999999999"] {
      try layout.write("oxford-iiit-pet/annotations/test.txt", line)
      layout.expectError("pets:test", "test.txt", "'\(line)'")
    }
    try layout.write("oxford-iiit-pet/annotations/test.txt", "Bengal_1 2 1 1")
    layout.expectError("pets:test", "class 2 is Bengal", "great_pyrenees")
    try layout.write("oxford-iiit-pet/annotations/test.txt", "Bengal_1 9 1 1")
    layout.expectError("pets:test", "no image of class 3")
    try layout.remove("oxford-iiit-pet/annotations/test.txt")
    layout.expectError("pets:train", "annotations/test.txt is missing", "images")
  }

  @Test func foodIsReadByItsLists() throws {
    let layout = try Layout()
    let root = "food101/food-101"
    try layout.images(
      ["apple_pie/11", "apple_pie/12", "waffles/3"].map { "\(root)/images/\($0).jpg" })
    try layout.write("\(root)/meta/classes.txt", "apple_pie\nwaffles\n")
    try layout.write("\(root)/meta/train.txt", "apple_pie/11\nwaffles/3\n")
    try layout.write("\(root)/meta/test.txt", "apple_pie/12")
    #expect(
      try layout.open("food101:train").classes(after: "\(layout.path)/\(root)/images/")
        == ["apple_pie/11.jpg": "apple_pie", "waffles/3.jpg": "waffles"])
    for split in ["validation", "val", "test"] {
      #expect(
        try layout.open("food101:\(split)").names(after: layout.path + "/")
          == ["\(root)/images/apple_pie/12.jpg"])
    }
    layout.expectError("food101:all", "train and validation")
    for line in ["pizza/1", "waffles"] {
      try layout.write("\(root)/meta/test.txt", line)
      layout.expectError("food101:test", "test.txt", "'\(line)'")
    }
    try layout.write("\(root)/meta/test.txt", "waffles/4")
    layout.expectError("food101:test", "images/waffles/4.jpg is missing", "test.txt")
    try layout.write("\(root)/meta/test.txt", "\n")
    layout.expectError("food101:test", "test.txt: names no images")
    try layout.write("\(root)/meta/test.txt", "")
    layout.expectError("food101:test", "test.txt: is empty")
    try layout.remove("\(root)/meta/classes.txt")
    layout.expectError("food101:train", "meta/classes.txt is missing")
  }

  @Test func sunIsReadByTheListsOfTFDSAndTheOfficialOnes() throws {
    let layout = try Layout()
    let names = [
      "a/abbey/sun_a", "a/abbey/sun_b", "f/forest/broadleaf/sun_c", "f/forest_path/sun_d",
    ]
    try layout.images(names.map { "sun397/SUN397/\($0).jpg" })
    try layout.write("sun397/sun397_tfds_tr.txt", "/a/abbey/sun_a.jpg\n/f/forest_path/sun_d.jpg\n")
    try layout.write("sun397/sun397_tfds_va.txt", "/a/abbey/sun_b.jpg\n")
    try layout.write("sun397/sun397_tfds_te.txt", "/f/forest/broadleaf/sun_c.jpg\n")
    let root = layout.path + "/sun397/SUN397/"
    func check() throws {
      let train = try layout.open("sun397:train")
      #expect(train.classNames == ["abbey", "forest/broadleaf", "forest_path"])
      #expect(
        train.classes(after: root)
          == ["a/abbey/sun_a.jpg": "abbey", "f/forest_path/sun_d.jpg": "forest_path"])
      #expect(try layout.open("sun397:validation").labels == [0])
      #expect(try layout.open("sun397:test").labels == [1])
    }
    try check()
    try layout.write("sun397/sun397_labels.txt", "/a/abbey\n/f/forest/broadleaf\n/f/forest_path\n")
    try check()
    try layout.write("sun397/Partitions/Training_02.txt", "/f/forest_path/sun_d.jpg\r\n")
    #expect(try layout.open("sun397:train-02").labels == [2])
    layout.expectError(
      "sun397:test-10", "Testing_10.txt is missing", "Partitions.zip", "beside SUN397")
    layout.expectError("sun397:train-11", "train, validation and test", "test-10")
    try layout.write("sun397/sun397_tfds_te.txt", "/x/xebec/sun_e.jpg\n")
    layout.expectError("sun397:test", "sun397_tfds_te.txt", "'x/xebec/sun_e.jpg'")
    try layout.write("sun397/sun397_tfds_te.txt", "/a/abbey/sun_e.jpg\n")
    layout.expectError("sun397:test", "SUN397/a/abbey/sun_e.jpg is missing", "te.txt")
    try layout.remove("sun397/sun397_tfds_te.txt")
    layout.expectError("sun397:test", "sun397_tfds_te.txt is missing", "fetch")
  }
}
