import Foundation
import FunMatchImages
import FunMatchTestSupport
import Testing

/// Data sets whose folders are not those of all classes.
struct ClassFolderTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for (label, name) in ["ant", "bee", "cow"].enumerated() {
      for number in 0..<6 {
        let picture = try photograph(height: 20, width: 20, seed: 7 * label + number).pngData()
        for set in ["all", name, number < 3 && label != 1 ? "some" : "all"] {
          let place = "\(set)/\(name)"
          try FileManager.default.createDirectory(
            atPath: folder.file(place), withIntermediateDirectories: true)
          _ = try folder.write("\(place)/\(number).png", picture)
        }
      }
    }
    try FileManager.default.createDirectory(
      atPath: folder.file("bare/bee"), withIntermediateDirectories: true)
    for name in ["ant", "cow"] {
      try FileManager.default.copyItem(
        atPath: folder.file("some/\(name)"), toPath: folder.file("bare/\(name)"))
    }
    let recipe = """
      data: {train: "folder:all", validation: "folder:some", test: "folder:bare"}
      student: {model: {bit: {depth: [1], width: 0.25, stem: {small: {stride: 2}}, groups: 8}}, resolution: 20}
      optimizer: {adam: {learningRate: 0.01}}
      schedule: {steps: 12, warmupSteps: 2}
      evaluation: {every: 6}
      batchSize: 6
      precision: f32
      """
    _ = try folder.write("r.yaml", Array(recipe.utf8))
  }

  private func train(_ output: String, _ more: String...) throws -> Tool.Result {
    try Tool.run(
      [
        "train", folder.file("r.yaml"), "--output", folder.file(output), "--threads", "1",
        "--data-dir", folder.path,
      ] + more, in: folder)
  }

  private func top1(_ data: [String]) throws -> [Double] {
    let calls = data.map {
      [
        "evaluate", folder.file("r/student.safetensors"), "--data", "folder:\($0)", "--data-dir",
        folder.path, "--json",
      ]
    }
    return try Tool.runAll(calls, in: folder).map { result in
      #expect(result.status == 0, "\(result.errors)")
      let line = result.output.split(separator: "\n").last ?? ""
      let value = line.firstMatch(of: /"student":\{[^}]*"top1":([0-9.e-]+)/)?.1
      return try #require(value.flatMap { Double($0) }, "\(result.output)")
    }
  }

  @Test func evaluatedImagesMayLackClasses() throws {
    let result = try train("r")
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.errors.contains("data.validation: lacks 1 of 3 classes: bee"), "\(result.errors)")
    #expect(result.errors.contains("data.test: class 'bee' has no images"), "\(result.errors)")
    // Labels mean what they say: what is right of all is what is right of each class.
    let shares = try top1(["ant", "bee", "cow", "all", "some", "bare"])
    #expect(abs(shares[3] - shares[..<3].reduce(0, +) / 3) < 1e-6, "\(shares)")
    #expect(abs(shares[4] - shares[5]) < 1e-9)
  }

  @Test func trainingImagesMayNot() throws {
    let bare = try train("b", "--set", "data.train=folder:bare", "--set", "data.test=null")
    #expect(
      bare.status == 1
        && bare.errors.contains("data.train: folder:bare: class 'bee' has no images"),
      "\(bare.errors)")
    // Other classes than those that are learnt.
    try FileManager.default.moveItem(
      atPath: folder.file("some/cow"), toPath: folder.file("some/cat"))
    let other = try train("o")
    #expect(other.status == 1 && other.errors.contains("data.validation"), "\(other.errors)")
  }
}
