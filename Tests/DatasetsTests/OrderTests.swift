import FunMatchDatasets
import FunMatchTestSupport
import Testing

struct OrderTests {
  /// As Python's hashlib orders them (`Fixtures/make.py` prints it).
  @Test func labelledImagesAreOrderedByTheHashOfTheirNames() throws {
    let expected = [
      "ä/ö.jpg", "class 1/1.png", "class 1/7.png", "class 2/5.png",
      "n01440764/n01440764_10026.JPEG", "class 1/4.png",
      "x/" + String(repeating: "long", count: 40) + ".jpg", "class 0/0.png", "class 2/11.png",
      "class 2/2.png", "class 0/9.png", "class 0/6.png", "class 2/8.png", "class 0/3.png",
      "class 1/10.png",
    ]
    let layout = try Layout()
    try layout.images(expected.sorted())
    let images = try layout.open("folder:.")
    #expect(images.names(after: layout.path + "/./") == expected)
    for index in 0..<images.count {
      let label = try #require(images.label(at: index))
      #expect(expected[index].hasPrefix(images.classNames[label] + "/"))
    }
  }

  @Test func slicesKeepTheOrder() throws {
    let layout = try Layout()
    try layout.images((0..<20).map { "f/\($0 % 2)/\($0).png" })
    let whole = try layout.open("folder:f")
    let parts = try [layout.open("folder:f[:35%]"), layout.open("folder:f[35%:]")]
    #expect(parts.map(\.count) == [7, 13])
    #expect(parts.flatMap { $0.names(after: "") } == whole.names(after: ""))
    #expect(parts.flatMap(\.labels) == whole.labels)
    #expect(try parts[1].image(at: 12) == whole.image(at: 19))
    #expect(parts[1].encodedSize(at: 0) == whole.encodedSize(at: 7))
    layout.expectError("folder:f[20:]", "no images", "20")
  }
}
