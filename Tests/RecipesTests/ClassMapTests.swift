import FunMatchDatasets
import FunMatchRecipes
import FunMatchTestSupport
import Testing

/// Classes of data sets that are called otherwise than those of networks.
struct ClassMapTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func map(_ text: String) throws -> ClassMap {
    _ = try folder.write("names.yaml", Array(text.utf8))
    return try ClassMap("names.yaml", beside: folder.file("recipe.yaml"))
  }

  private func images(_ names: [String]) -> PictureList {
    let pictures = names.indices.map { photograph(height: 4, width: 4, seed: $0) }
    return PictureList(pictures, classNames: names) { $0 }
  }

  @Test func namesChangeAndClassesMerge() throws {
    let map = try map("{moggy: cat, hound: dog, 'my pug': dog}")
    let all = try map.renamed(images(["hound", "moggy", "my pug", "owl"]), called: "x")
    #expect(all.classNames == ["dog", "cat", "owl"])
    #expect((0..<4).map { all.label(at: $0) } == [0, 1, 0, 2])
    let other = try map.renamed(images(["ant", "bee"]), called: "x")
    #expect(other.classNames == ["ant", "bee"] && other.label(at: 1) == 1)
    #expect(try map.renamed(images([]), called: "x").classNames.isEmpty)
    try map.check([images(["hound", "moggy"]), images(["my pug"])], called: "x")
    let error = #expect(throws: RecipeError.self) {
      try map.check([images(["hound"])], called: "x")
    }
    #expect(
      error?.description.contains("names.yaml: 'moggy', 'my pug' are no classes of x") == true,
      "\(error as Any)")
  }

  @Test func numbersGetNames() throws {
    _ = try folder.write("a.png", photograph(height: 4, width: 4, seed: 1).pngData())
    _ = try folder.write("b.png", photograph(height: 4, width: 4, seed: 2).pngData())
    _ = try folder.write("l.csv", Array("a.png,1\nb.png,0\n".utf8))
    let set = try DatasetRegistry(dataFolder: folder.path, environment: [:])
      .open(DatasetReference("list:l.csv"))
    #expect(set.classNamesAreNumbers)
    let named = try map("{0: owl, 1: ant}").renamed(set, called: "x")
    #expect(named.classNames == ["owl", "ant"] && !named.classNamesAreNumbers)
    let error = #expect(throws: RecipeError.self) {
      try map("{0: owl}").renamed(set, called: "x")
    }
    #expect(error?.description.contains("has no name for class 1 of x") == true)
  }

  @Test(arguments: ["", "[a, b]", "{}", "{a: [b]}", "{a: ''}", "a: b\na: c", "{a: b"])
  func othersAreRefused(text: String) {
    let error = #expect(throws: RecipeError.self) { try map(text) }
    #expect(error?.description.contains("names.yaml") == true, "\(error as Any)")
  }

  @Test func missingFilesAreNamed() {
    let error = #expect(throws: RecipeError.self) { try ClassMap(folder.file("none.yaml")) }
    #expect(error?.description.contains("none.yaml: cannot be read") == true)
  }
}
