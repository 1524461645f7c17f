import Foundation
import FunMatchTestSupport
import Testing

/// `funmatch plan` as users run it.
struct PlanTests {
  private func rows(_ output: String) throws -> (plan: [String: Any], rows: [[String: Any]]) {
    let last = output.split(separator: "\n").last.map { Data($0.utf8) } ?? Data()
    let plan = try #require(try JSONSerialization.jsonObject(with: last) as? [String: Any])
    return (plan, try #require(plan["rows"] as? [[String: Any]]))
  }

  /// With neither images nor weights.
  @Test func everyRecipeCanBePlanned() throws {
    let folder = try TemporaryFolder()
    for name in RecipeFilesTests.names {
      let result = try Tool.run(
        "plan", RecipeFilesTests.path(name), "--teacher-seconds", "0.01", "--student-seconds",
        "0.004", "--gradient-bytes", "94000000", "--price", "2", "--json", in: folder)
      #expect(result.status == 0, "\(name): \(result.errors)")
      let (plan, rows) = try rows(result.output)
      #expect((plan["steps"] as? Int ?? 0) > 0 && rows.count > 2, "\(name)")
      #expect(rows.allSatisfy { ($0["seconds"] as? Double ?? 0) > 0 }, "\(name)")
      #expect(rows.allSatisfy { ($0["cost"] as? Double ?? 0) > 0 }, "\(name)")
    }
  }

  /// What is measured is of the recipe's own networks and images.
  @Test func aStepIsMeasured() throws {
    let run = try FashionRun(steps: 1000)
    let result = try Tool.run(
      "plan", run.folder.file("r.yaml"), "--json", "--device", "cpu", "--threads", "1",
      in: run.folder)
    #expect(result.status == 0, "\(result.errors)")
    let (plan, rows) = try rows(result.output)
    let costs = try #require(plan["costs"] as? [String: Any])
    #expect(costs["gradientBytes"] as? Int ?? 0 > 10_000 && costs["input"] as? Double ?? 0 > 0)
    for part in ["teachers", "student"] {
      let line = try #require(costs[part] as? [String: Double])
      #expect((line["perImage"] ?? 0) + (line["fixed"] ?? 0) > 0, "\(part)")
    }
    #expect(rows.map { $0["processes"] as? Int } == [1, 2, 4, 8, 16])
    #expect(plan["steps"] as? Int == 1000 && plan["imageCount"] as? Int == 200)
    #expect(result.output.contains("efficiency"))
    #expect(!FileManager.default.fileExists(atPath: run.folder.file("runs")))
  }
}
