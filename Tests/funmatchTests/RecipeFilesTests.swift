import Foundation
import FunMatchModels
import FunMatchRecipes
import FunMatchRuns
import FunMatchTestSupport
import Testing

/// Every file in `Recipes` says what it is, can be read, and makes its first steps, whether or not
/// its images and weights are here.
struct RecipeFilesTests {
  /// The folder of the package.
  static let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// File names of all recipes.
  static let names =
    ((try? FileManager.default.contentsOfDirectory(atPath: package + "/Recipes")) ?? [])
    .filter { $0.hasSuffix(".yaml") }.sorted()

  static func path(_ name: String) -> String { package + "/Recipes/" + name }

  private static func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
  }

  /// The comment that a recipe opens with.
  private static func header(_ name: String) throws -> [Substring] {
    try text(path(name)).split(separator: "\n").prefix { $0.hasPrefix("#") }
  }

  /// The subcommand in the header's `# Run: funmatch distill Recipes/NAME`.
  private static func command(_ name: String) throws -> String {
    let line = try #require(
      header(name).first { $0.hasPrefix("# Run:") }, "\(name): no # Run: line")
    let words = line.split(separator: " ").map(String.init)
    try #require(
      words.count == 5 && words[2] == "funmatch" && ["distill", "train"].contains(words[3])
        && words[4] == "Recipes/" + name, "\(name): \(line)")
    return words[3]
  }

  @Test func thereAreRecipes() { #expect(Self.names.count > 1) }

  @Test(arguments: names) func aHeaderTellsWhatToRunAndWhatToExpect(_ name: String) throws {
    let header = try Self.header(name)
    for word in ["What", "Run", "Expect"] {
      #expect(header.contains { $0.hasPrefix("# \(word): ") }, "\(name): no # \(word): line")
    }
    #expect(header.contains { $0.lowercased().contains("cost: ") }, "\(name): no cost")
    let table = try Self.text(Self.package + "/docs/experiments.md")
    #expect(table.contains("`\(name)`"), "\(name) is not in docs/experiments.md")
  }

  @Test(arguments: names) func itsKeysAreKnownAndFitItsCommand(_ name: String) throws {
    let recipe = try RecipeFile(path: Self.path(name), imageCount: { _ in 1020 }).recipe
    #expect(recipe.shared.teachers.isEmpty == (try Self.command(name) == "train"), "\(name)")
    #expect(recipe.shared.validation != nil && recipe.shared.test != nil, "\(name)")
  }

  /// One recipe for each choice of families and optimizer; all of them under `make soak`.
  static let distinct: [String] = {
    guard !Soak.isOn else { return names }
    var seen: Set<String> = []
    return names.filter { name in
      guard let recipe = try? RecipeFile(path: path(name), imageCount: { _ in 1020 }).recipe else {
        return true
      }
      let networks = [recipe.student.model] + recipe.shared.teachers.map(\.model)
      let families = networks.map { $0.map { "\(type(of: $0.network))" } ?? "of its weights" }
      return seen.insert("\(families) \(recipe.student.optimizer.name)").inserted
    }
  }()

  /// Small networks take the places of large ones of their family, except under `make soak`.
  @Test(arguments: distinct) func itMakesItsFirstSteps(_ name: String) throws {
    let folder = try TemporaryFolder()
    let recipe = try RecipeFile(path: Self.path(name), imageCount: { _ in 1020 }).recipe
    let networks =
      [("student", recipe.student.model)]
      + recipe.shared.teachers.enumerated().map { ("teachers.\($0)", $1.model) }
    let smaller = networks.flatMap { place, model in
      let depth = (model?.network as? BiTSpec)?.depth ?? []
      return Soak.isOn || depth.reduce(0, +) <= 8
        ? [] : ["--set", "\(place).model=bit-r26x1"]
    }
    let result = try Tool.run(
      [
        try Self.command(name), Self.path(name), "--dry-run", "2", "--set", "batchSize=2",
        "--set", "precision=f32", "--threads", "2", "--workers", "1", "--device", "cpu",
      ] + smaller, in: folder)
    #expect(result.status == 0, "\(name): \(result.errors)")
    for step in ["step 1 ", "step 2 "] {
      #expect(result.output.contains("\n" + step), "\(name): \(result.output)")
    }
  }

  /// File names of all studies.
  static let studies =
    ((try? FileManager.default.contentsOfDirectory(atPath: package + "/Studies")) ?? [])
    .filter { $0.hasSuffix(".yaml") }.sorted()

  /// `StudyFileTests` reads all of them.
  @Test func aStudyHasItsStudents() throws {
    func path(_ name: String) -> String { Self.package + "/Studies/" + name }
    for name in Self.studies {
      #expect(try Self.text(path(name)).hasPrefix("# What: "), "\(name): no # What: line")
    }
    let some = Soak.first(2, of: Self.studies)
    let calls = some.map { ["study", path($0), "--dry-run"] }
    for (name, result) in zip(some, try Tool.runAll(calls, in: TemporaryFolder())) {
      #expect(result.status == 0, "\(name): \(result.errors)")
      #expect(result.output.contains("share views and teachers"), "\(name)")
    }
  }
}
