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
    let names = RecipeFilesTests.distinct
    let calls = names.map {
      [
        "plan", RecipeFilesTests.path($0), "--teacher-seconds", "0.01", "--student-seconds",
        "0.004", "--gradient-bytes", "94000000", "--price", "2", "--json",
      ]
    }
    for (name, result) in zip(names, try Tool.runAll(calls, in: TemporaryFolder())) {
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
      let line = try #require(costs[part] as? [String: [[String: Double]]])
      let points = try #require(line["points"])
      #expect(points.map { $0["images"] } == [2, 8, 16], "\(part)")
      #expect(points.allSatisfy { $0["value"] ?? 0 > 0 }, "\(part)")
    }
    #expect(rows.map { $0["processes"] as? Int } == [1, 2, 4, 8, 16])
    #expect(plan["steps"] as? Int == 1000 && plan["imageCount"] as? Int == 200)
    #expect(result.output.contains("efficiency"))
    #expect(!FileManager.default.fileExists(atPath: run.folder.file("runs")))
  }

  /// Two that compute at once are measured, and the first speaks.
  @Test func processesOfOneMachineAreMeasuredTogether() throws {
    let run = try FashionRun(steps: 1000)
    let results = try ToolGroup(2, in: run.folder) { _ in
      ["plan", run.folder.file("r.yaml"), "--json", "--device", "cpu", "--threads", "1"]
    }.results()
    #expect(results.map(\.status) == [0, 0], "\(results.map(\.errors))")
    #expect(results[1].output.isEmpty)
    let (plan, _) = try rows(results[0].output)
    let (alone, company) = (
      plan["costs"] as? [String: Any], plan["costsInCompany"] as? [String: Any]
    )
    let counts = try [alone, company].map { costs in
      let line = try #require(costs?["student"] as? [String: [[String: Double]]])
      return line["points"]?.count
    }
    #expect(counts == [3, 3])
  }
}
