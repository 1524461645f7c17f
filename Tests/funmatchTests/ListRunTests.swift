import Foundation
import FunMatchTestSupport
import Testing

/// Runs and evaluations on images that a list names, beside the same images in folders.
struct ListRunTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    var (list, other) = ("", "file;kind;set\r\n")
    for (label, name) in ["ant", "bee", "cow"].enumerated() {
      try FileManager.default.createDirectory(
        atPath: folder.file("all/\(name)"), withIntermediateDirectories: true)
      for number in 0..<6 {
        let picture = try photograph(height: 20, width: 20, seed: 7 * label + number).pngData()
        _ = try folder.write("all/\(name)/\(number).png", picture)
        list += "\(name)/\(number).png,\(name)\n"
        let foreign = ["Ameise", "Biene", "Kuh"][label]
        other += "all/\(name)/\(number).png;\(foreign);\(number < 3 ? "val" : "test")\r\n"
      }
    }
    _ = try folder.write("list.csv", Array(list.utf8))
    _ = try folder.write("other.csv", Array(other.utf8))
    _ = try folder.write("names.yaml", Array("{Ameise: ant, Biene: bee, Kuh: cow}".utf8))
    let recipe = """
      data: {train: "folder:all", validation: "folder:all"}
      student: {model: {bit: {depth: [1], width: 0.25, stem: {small: {stride: 2}}, groups: 8}}, resolution: 20}
      optimizer: {adam: {learningRate: 0.01}}
      schedule: {steps: 12, warmupSteps: 2}
      evaluation: {every: 6}
      batchSize: 6
      precision: f32
      """
    _ = try folder.write("r.yaml", Array(recipe.utf8))
  }

  private func run(_ arguments: String...) throws -> Tool.Result { try run(arguments) }

  private func run(_ arguments: [String]) throws -> Tool.Result {
    try Tool.run(arguments + ["--data-dir", folder.path], in: folder)
  }

  private func train(_ output: String, _ edits: String...) throws -> Tool.Result {
    try run(
      ["train", folder.file("r.yaml"), "--output", folder.file(output), "--threads", "1"]
        + edits.flatMap { ["--set", $0] })
  }

  private let kinds = "?path=file&label=kind&split=set"

  @Test func listsAreWhatFoldersAre() throws {
    let inFolders = try train("a")
    #expect(inFolders.status == 0, "\(inFolders.errors)")
    let listed = try train("b", "data.train=list:list.csv?root=all")
    #expect(listed.status == 0, "\(listed.errors)")
    #expect(try folder.bytes("a/student.safetensors") == folder.bytes("b/student.safetensors"))

    // Other names, and a map of them: of each split, and of a run.
    let student = folder.file("a/student.safetensors")
    let refused = try run("evaluate", student, "--data", "list:other.csv\(kinds):test")
    #expect(
      refused.status == 1
        && refused.errors.contains("3 of its 3 classes are none of those of")
        && refused.errors.contains("'Ameise', 'Biene', 'Kuh'"), "\(refused.errors)")
    func top1(_ data: String, _ more: String...) throws -> Double {
      let result = try run(
        ["evaluate", student, "--data", data, "--json", "--threads", "1"] + more)
      #expect(result.status == 0, "\(result.errors)")
      let line = result.output.split(separator: "\n").last ?? ""
      let value = line.firstMatch(of: /"student":\{[^}]*"top1":([0-9.e-]+)/)?.1
      return try #require(value.flatMap { Double($0) }, "\(result.output)")
    }
    let map = folder.file("names.yaml")
    let parts = try ["val", "test"].map {
      try top1("list:other.csv\(kinds):\($0)", "--class-map", map)
    }
    let all = try top1("folder:all")
    #expect(try abs(all - top1("list:list.csv?root=all")) < 1e-9)
    #expect(abs(all - parts.reduce(0, +) / 2) < 1e-6, "\(all) \(parts)")
  }

  @Test func mapsOfARecipeSayWhichIsWhich() throws {
    let validation = "data.validation=list:other.csv\(kinds):val"
    let refused = try train("n", validation)
    #expect(
      refused.status == 1
        && refused.errors.contains("data.validation: 3 of its 3 classes are none of those of"),
      "\(refused.errors)")
    let mapped = try train("r", validation, "classes.map=names.yaml")
    #expect(mapped.status == 0, "\(mapped.errors)")
    _ = try folder.write("names.yaml", Array("{Ameise: ant, Biene: bee, Cow: cow}".utf8))
    let unknown = try train("u", validation, "classes.map=names.yaml")
    #expect(
      unknown.status == 1
        && unknown.errors.contains("names.yaml: 'Cow' is no class of data.train"),
      "\(unknown.errors)")
    let missing = try train("m", "classes.map=none.yaml")
    #expect(missing.status == 1 && missing.errors.contains("none.yaml: cannot be read"))
  }

  @Test func commandsTakeLists() throws {
    let verified = try run("data", "verify", "list:list.csv?root=all")
    #expect(verified.status == 0 && verified.output.contains("18 images, 3 classes"))
    let preview = try run(
      "data", "preview", "list:other.csv\(kinds):test", "--output", folder.file("p.png"))
    #expect(preview.status == 0 && preview.output.contains("9 of 9 images, 3 classes"))
    let packed = try run(
      "data", "pack", "list:list.csv?root=all", "--output", folder.file("s-%06d.tar"))
    #expect(packed.status == 0 && packed.output.contains("18 images"), "\(packed.errors)")
    let lost = try run("data", "verify", "list:list.csv")
    #expect(
      lost.status == 1
        && lost.errors.contains("list.csv: 18 of the 18 images that it names are missing"),
      "\(lost.errors)")
  }
}
