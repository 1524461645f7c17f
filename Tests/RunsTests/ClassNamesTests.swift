import FunMatchDatasets
import FunMatchRecipes
import FunMatchRuns
import FunMatchTestSupport
import Testing

/// Whether a network's classes are those of a data set's labels, by their names.
struct ClassNamesTests {
  private func images(_ names: [String]) -> PictureList {
    let pictures = names.indices.map { photograph(height: 4, width: 4, seed: $0) }
    return PictureList(pictures, classNames: names) { $0 }
  }

  private func check(_ labels: [String], _ names: [String], classes: Int? = nil) throws {
    try ClassNames.check(
      images(labels), called: "the data", classes: classes ?? names.count, names: names,
      network: "m.safetensors")
  }

  @Test func namesAreFoundInAnyOrder() throws {
    try check(["ant", "bee"], ["ant", "bee"])
    try check(["bee", "ant"], ["ant", "bee", "cow"])
    try check([], ["ant"])
    // Nobody named these classes: places count.
    try check(["ant", "bee"], [], classes: 2)
    try check(["ant", "bee"], ["class 0", "class 1"])
    // Names that are equal at all places need not differ from one another.
    try check(["crane", "crane"], ["crane", "crane"])
    let fitted = ClassNames.fitted(images(["bee", "ant"]), to: ["ant", "bee", "cow"])
    #expect((0..<2).map { fitted.dataset.label(at: $0) } == [1, 0])
    #expect(fitted.remarks == ["lacks 1 of 3 classes: cow"])
  }

  @Test(arguments: [
    (
      ["ant", "dog"], ["ant", "bee", "cow"],
      "1 of its 2 classes is none of those of m.safetensors: 'dog'"
    ),
    (["ant", "dog"], ["ant", "bee", "cow"], "m.safetensors has 'bee', 'cow' besides"),
    // As many as there are, and other words.
    (
      ["x", "y"], ["ant", "bee"], "2 of its 2 classes are none of those of m.safetensors: 'x', 'y'"
    ),
    (["x", "y"], ["ant", "bee"], "classes.map of a recipe, or --class-map of evaluate and probe"),
    (["bee", "ant"], ["ant", "bee", "ant"], "'ant' is the name of several classes"),
  ])
  func othersAreListed(labels: [String], names: [String], words: String) {
    let error = #expect(throws: RecipeError.self) { try check(labels, names) }
    #expect(error?.description.contains(words) == true, "\(error as Any)")
  }

  @Test func longListsAreCut() {
    let many = (0..<20).map { "n\($0)" }
    let error = #expect(throws: RecipeError.self) { try check(many, ["ant"]) }
    #expect(error?.description.contains("'n7' and 12 more") == true, "\(error as Any)")
  }

  @Test func numbersOfClassesCountWithoutNames() {
    let error = #expect(throws: RecipeError.self) { try check(["ant", "bee"], [], classes: 3) }
    #expect(error?.description == "the data has 2 classes, m.safetensors has 3")
  }
}
