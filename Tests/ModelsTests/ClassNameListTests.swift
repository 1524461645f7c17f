import FunMatchModels
import FunMatchTestSupport
import Testing

/// Names of classes as other programs leave them in files.
struct ClassNameListTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func names(_ text: String, _ count: Int? = 3) throws -> [String] {
    try ClassNameList.read(folder.write("names", Array(text.utf8)), count: count)
  }

  @Test(arguments: [
    "cat\ndog\nbird\n", "cat\ndog\nbird", "cat\r\ndog\r\nbird\r\n", "cat\rdog\rbird",
    "\u{FEFF}cat\r\ndog\nbird\n\r\n\n", "  cat \n\tdog\nbird\n \n",
    #"["cat", "dog", "bird"]"#, "\u{FEFF}\r\n [\"cat\",\r\n \"dog\", \"bird\"]\r\n",
    #"{"0": "cat", "1": "dog", "2": "bird"}"#, #"{"2": "bird", "0": "cat", "1": "dog"}"#,
    #"{"0": ["n1", "cat"], "1": ["n2", "dog"], "2": ["n0", "bird"]}"#,
    #"[["n1", "cat"], ["n2", "dog"], ["n0", "bird"]]"#, #"{"dog": 1, "bird": 2, "cat": 0}"#,
  ])
  func allFormsAreTheSameNames(text: String) throws {
    #expect(try names(text) == ["cat", "dog", "bird"])
    #expect(try names(text, nil) == ["cat", "dog", "bird"])
  }

  /// More than ten, where texts are in another order than numbers.
  @Test func indicesAreNumbers() throws {
    let pairs = (0..<12).map { "\"\($0)\": \"name \($0)\"" }
    #expect(
      try names("{\(pairs.joined(separator: ", "))}", 12) == (0..<12).map { "name \($0)" })
    // Keras' names of ImageNet's classes have two cranes.
    #expect(try names("crane\ncrane\ndog") == ["crane", "crane", "dog"])
  }

  @Test(arguments: [
    ("cat\ndog\n", "has 2 lines, the network 3 classes"),
    ("", "has 0 lines, the network 3 classes"),
    ("cat\n\nbird\n", "the name of class 1 is empty"),
    (#"["cat", "dog"]"#, "has 2 names, the network 3 classes"),
    (#"["cat", "", "dog"]"#, "the name of class 1 is empty"),
    (#"{"0": "cat", "1": "dog", "3": "bird"}"#, "no class has the index 2, though 3 are named"),
    (#"{"1": "cat", "2": "dog", "3": "bird"}"#, "no class has the index 0"),
    (#"{"0": "cat", "1": "dog", "1": "bird"}"#, "has the key '1' twice"),
    (#"{"0": "cat", "1": "dog", "01": "bird"}"#, "are both class 1"),
    (#"{"cat": 0, "dog": 1, "bird": 1}"#, "'bird' and 'dog' are both class 1"),
    (#"{"0": "cat", "-1": "dog"}"#, "no class has the index 1, though 2 are named"),
    (#"{"0": "cat", "x": "dog"}"#, "is neither names of classes"),
    (#"{"0": {"name": "cat"}}"#, "is neither names of classes"),
    (#"["cat", 1, "dog"]"#, "is neither names of classes"),
    ("{0: 'cat',\n 1: 'dog',\n 2: 'bird'}", "is neither names of classes"),
    ("[cat\ndog\nbird", "is neither names of classes"),
  ])
  func whatIsNotOneNameAClassIsRefused(text: String, words: String) throws {
    let text = message { _ = try names(text) } ?? ""
    #expect(text.contains(words) && text.contains(folder.path), "\(text)")
  }

  @Test func whatIsNoTextIsRefused() throws {
    let path = try folder.write("names", [0xff, 0xfe, 0x63, 0])
    #expect(message { _ = try ClassNameList.read(path, count: 1) }?.contains("UTF-8") == true)
    #expect(message { _ = try ClassNameList.read(folder.path, count: 1) } != nil)
    #expect(message { _ = try ClassNameList.read(folder.file("none"), count: 1) } != nil)
  }
}
