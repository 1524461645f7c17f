import Foundation
import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Models of Hugging Face through the real binary.
struct HubCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func start(
    _ arguments: [String], _ hub: HubServer, _ more: [String: String] = [:], stream: String = "s"
  ) throws -> Process {
    let own = ["FUNMATCH_WEIGHTS": folder.file("weights")]
    return try Tool.start(
      arguments, in: folder,
      environment: hub.environment.merging(own) { $1 }.merging(more) { $1 }, stream: stream)
  }

  private func run(
    _ arguments: [String], _ hub: HubServer, _ more: [String: String] = [:]
  ) throws -> Tool.Result {
    try Tool.result(of: start(arguments, hub, more), in: folder, stream: "s")
  }

  /// A small network of timm's with its config.
  private func publish(_ model: String, on hub: HubServer) throws {
    var spec = try ModelSpec(named: "mobilenetv3_small_050")
    spec.classes = 3
    try Safetensors.write(
      spec.build(seed: 1).store.tensors, metadata: [:], to: folder.file("published"))
    let config =
      #"{"architecture": "mobilenetv3_small_050", "num_classes": 3, "label_names": ["a", "b", "c"], "#
      + #""pretrained_cfg": {"input_size": [3, 96, 96], "interpolation": "bicubic", "crop_pct": 1.0}}"#
    try hub.publish(
      model,
      ["config.json": Array(config.utf8), "model.safetensors": folder.bytes("published")])
  }

  @Test func aModelIsFetchedOnceAndImported() throws {
    let hub = try HubServer()
    try publish("timm/small", on: hub)
    let output = folder.file("m.safetensors")
    let fetched = try run(["import", "hf:timm/small", "--output", output], hub)
    #expect(fetched.status == 0, "\(fetched.errors)")
    #expect(fetched.errors.contains("hf:timm/small: fetching 2 files of "), "\(fetched.errors)")
    let file = try ModelFile(path: output)
    #expect(file.classNames == ["a", "b", "c"] && file.preprocessing?.crop == 96)
    let offline = ["HF_HUB_OFFLINE": "1"]
    let again = try run(["import", "hf:timm/small", "--output", output], hub, offline)
    #expect(again.status == 0 && again.errors.isEmpty, "\(again.errors)")
    let spelled = try run(["import", "hf-hub:timm/small", "--output", output], hub, offline)
    #expect(spelled.status == 0 && spelled.errors.isEmpty, "\(spelled.errors)")
    let missing = try run(["import", "hf:timm/other", "--output", output], hub, offline)
    #expect(missing.status == 1 && missing.errors.split(separator: "\n").count == 1)
    #expect(
      missing.errors.hasSuffix("into the folder \(folder.file("weights/timm--other"))\n"),
      "\(missing.errors)")
    let mirror = try run(["data", "fetch", "hf:a/b", "--mirror", "https://example.org"], hub)
    #expect(mirror.status == 64 && mirror.errors.contains("HF_ENDPOINT"), "\(mirror.errors)")
  }

  /// Neither an empty folder, nor the token.
  @Test func aFetchThatFailedLeavesNothing() throws {
    let hub = try HubServer("--token", "hf_secret")
    _ = try folder.write("token", Array("hf_stale\n".utf8))
    for arguments in [
      ["data", "fetch", "hf:timm/small", "--data-dir", folder.file("here")],
      ["import", "hf_hub:timm/small", "--output", folder.file("m.safetensors")],
    ] {
      let refused = try run(arguments, hub, ["HF_TOKEN_PATH": folder.file("token")])
      #expect(refused.status == 1, "\(refused.errors)")
      #expect(refused.errors.contains("the token in the file \(folder.file("token")) may not read"))
      #expect(!(refused.output + refused.errors).contains("hf_stale"))
      #expect(try folder.contents == ["s-err", "s-out", "token"])
    }
  }

  @Test func twoProcessesFetchItOnce() throws {
    let hub = try HubServer("--hold", "1000", "--only", "model.safetensors")
    try publish("timm/small", on: hub)
    let arguments = ["data", "fetch", "hf:timm/small", "--data-dir", folder.file("here")]
    let first = try start(arguments, hub, stream: "first")
    while first.isRunning, hub.requests(of: "model.safetensors").isEmpty { usleep(10_000) }
    let second = try start(arguments, hub, stream: "second")
    while second.isRunning, try !folder.bytes("second-err").contains(UInt8(ascii: "\n")) {
      usleep(10_000)
    }
    try hub.server.serve([], as: "go")
    for (process, name) in [(first, "first"), (second, "second")] {
      let result = try Tool.result(of: process, in: folder, stream: name)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output == folder.file("here/timm--small") + "\n")
    }
    let waited = String(decoding: try folder.bytes("second-err"), as: UTF8.self)
    #expect(waited.contains("waiting for another process"), "\(waited)")
    #expect(waited.contains("hf:timm/small: already here"), "\(waited)")
    #expect(hub.requests(of: "model.safetensors").count == 1)
  }

  /// Weights that recipes name so are those of the file.
  @Test func recipesFetchTheirWeights() throws {
    let hub = try HubServer()
    let fashion = try FashionRun(steps: 3)
    try hub.publish(
      "lab/teacher", ["model.safetensors": fashion.folder.bytes("teacher.safetensors")])
    func edits(_ weights: String) -> [String] {
      [
        "--set", "teachers=[{weights: '\(weights)', resolution: 28}]", "--set",
        "student={weights: '\(weights)', resolution: 28}", "--quiet",
      ]
    }
    let dry = try run(
      fashion.arguments("dry", edits("hf:lab/teacher") + ["--dry-run", "1"]), hub)
    #expect(hub.server.requests.isEmpty && dry.status == 1)
    #expect(dry.errors.contains("teachers.0.model is missing"), "\(dry.errors)")
    let fetched = try run(fashion.arguments("hub", edits("hf:lab/teacher")), hub)
    #expect(fetched.status == 0, "\(fetched.errors)")
    #expect(fetched.errors.contains("hf:lab/teacher: fetching 1 file of"), "\(fetched.errors)")
    #expect(hub.server.requests.count == 2)
    let spelled = try start(
      fashion.arguments("spelled", edits("hf-hub:lab/teacher")), hub, ["HF_HUB_OFFLINE": "1"],
      stream: "spelled")
    let local = try run(fashion.arguments("file", edits("teacher.safetensors")), hub)
    #expect(local.status == 0, "\(local.errors)")
    let offline = try Tool.result(of: spelled, in: folder, stream: "spelled")
    #expect(offline.status == 0, "\(offline.errors)")
    #expect(try fashion.metrics("hub") == fashion.metrics("file"))
    let program = """
      teachers=[{resolution: 28, torchscript: {path: 'hf:lab/teacher', trusted: true, classes: 10, \
      input: {size: 28, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}}}]
      """
    let other = try run(fashion.arguments("program", ["--set", program]), hub)
    #expect(other.errors.contains("hf: is for 'weights' alone"), "\(other.errors)")
  }
}
