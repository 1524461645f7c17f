import Foundation
import FunMatchTestSupport
import Testing

/// `funmatch recipe`: all keys, for people and for editors.
struct RecipeCommandTests {
  private static let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  @Test func theManualIsThatOfTheTool() throws {
    let printed = try Tool.run("recipe", in: TemporaryFolder())
    #expect(printed.status == 0, "\(printed.errors)")
    let page = try String(contentsOfFile: Self.package + "/docs/recipes.md", encoding: .utf8)
    let block = page.components(separatedBy: "<!-- funmatch recipe -->").last?
      .components(separatedBy: "<!-- end -->").first
    #expect(
      block?.contains(printed.output.trimmingCharacters(in: .whitespacesAndNewlines)) == true,
      "Scripts/update_docs.sh brings docs/recipes.md up to date")
  }

  /// Python's jsonschema knows nothing of this package: what it accepts editors accept, too.
  @Test(.enabled(if: PyTorch.python != nil))
  func theSchemaFitsEveryRecipeAndRefusesWhatIsNone() throws {
    let printed = try Tool.run("recipe", "--json", in: TemporaryFolder())
    #expect(printed.status == 0, "\(printed.errors)")
    let folder = try TemporaryFolder()
    let schema = try folder.write("schema.json", Array(printed.output.utf8))
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.package + "/Recipes")
      .filter { $0.hasSuffix(".yaml") }.sorted()
    #expect(names.count > 10)
    let base =
      "data: {train: a}\nstudent: {model: bit-r50x1, resolution: 64}\nschedule: {steps: 1}\n"
    let good = try folder.write("good.yaml", Array(base.utf8))
    let bad = try [
      "viws: {policy: same/ic}", "views: {polcy: same/ic}", "batchSize: many", "batchSize: 0",
      "views: {mixup: -1}", "optimizer: {adams: {}}", "optimizer: {adam: {beta1: 1}}",
      "distance: {kl: {temperature: 0}}", "teachers: {model: bit}", "cache: 1",
    ].enumerated().map { try folder.write("bad\($0.offset).yaml", Array((base + $0.element).utf8)) }
    let refused = try PyTorch.run(
      script: "check_recipes.py",
      arguments: [schema] + names.map { Self.package + "/Recipes/" + $0 } + [good] + bad)
    let lines = refused.split(separator: "\n").map { String($0) }
    #expect(lines.map { $0.components(separatedBy: "\t")[0] } == bad, "\(refused)")
  }
}
