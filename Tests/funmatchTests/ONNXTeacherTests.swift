import Foundation
import FunMatchFrozen
import FunMatchModels
import FunMatchNN
import FunMatchONNX
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Classifiers in ONNX files teach.
@Suite(.enabled(if: OpenVINO.atHand != nil, "OpenVINO is not here"))
struct ONNXTeacherTests {
  private static let zoo = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../.deps/onnx-zoo/files").path

  /// What the tool itself has written, beside the network that it is of.
  @Test func aFileTeachesAsItsNetworkDoes() throws {
    let run = try FashionRun(steps: 4, "precision: f32")
    let written = try Tool.run(
      "export", run.folder.file("teacher.safetensors"), "--format", "onnx", "--resolution", "28",
      "--output", run.folder.file("teacher.onnx"), in: run.folder)
    #expect(written.status == 0, "\(written.errors)")
    let onnx =
      "teachers=[{onnx: {path: teacher.onnx, input: {size: 28, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}}}]"
    for (name, more) in [("network", []), ("file", ["--set", onnx])] {
      let result = try Tool.run(run.arguments(name, more), in: run.folder)
      #expect(result.status == 0, "\(result.errors)")
    }
    func losses(_ name: String) throws -> [Double] {
      try run.metrics(name).compactMap {
        $0.firstMatch(of: /"distillLoss":([-0-9.e]+)/).flatMap { Double($0.1) }
      }
    }
    let (file, network) = (try losses("file"), try losses("network"))
    #expect(file.count == 4 && network.count == 4)
    // Adam makes much of rounding, so that only the first losses are near.
    for (a, b) in zip(file, network).prefix(2) {
      #expect(abs(a - b) < 1e-5 * max(1, abs(b)), "\(a), not \(b)")
    }
  }

  private struct Entry: Decodable {
    let name: String
    let side: Int
    let layout: String
    let outputs: String
  }

  /// Files that `Scripts/onnx_zoo.sh` made with four exporters: at least eight teach, others are refused in one sentence.
  @Test(.enabled(if: Soak.isOn, "make soak lets the files of other exporters teach"))
  func filesOfFourExportersTeach() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.zoo)
    let entries = try names.filter { $0.hasSuffix(".json") }.sorted().flatMap { name in
      try JSONDecoder().decode(
        [Entry].self, from: Data(contentsOf: URL(fileURLWithPath: "\(Self.zoo)/\(name)")))
    }
    #expect(entries.count == 10, "\(entries.map(\.name))")
    let run = try FashionRun(steps: 2)
    var teaching = 0
    for entry in entries {
      let path = "\(Self.zoo)/\(entry.name).onnx"
      let input =
        "{size: \(entry.side), layout: \(entry.layout), mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}"
      let teacher = "{onnx: {path: \(path), outputs: \(entry.outputs), input: \(input)}}"
      let result = try Tool.run(
        run.arguments(
          entry.name,
          [
            "--set", "teachers=[\(teacher)]", "--set", "data.test=null", "--set",
            "data.validation=null", "--set", "evaluation.trainingImages=0", "--set",
            "checkpoints.best=false",
          ]), in: run.folder)
      guard result.status == 0 else {
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        print("\(entry.name) does not teach: \(result.errors)")
        continue
      }
      teaching += 1
      let classifier = try ONNXClassifier(
        ONNXFile(path), classes: nil, size: entry.side,
        layout: #require(ProgramClassifier.Layout(rawValue: entry.layout)), input: .official,
        outputs: #require(ClassifierOutputs(rawValue: entry.outputs)), precision: .f32,
        batchSize: 3, with: #require(OpenVINO.atHand))
      let logits = classifier(
        try Npy.read("\(Self.zoo)/\(entry.name).images.npy").channelsLast, .evaluation(.f32))
      let expected = try Npy.read("\(Self.zoo)/\(entry.name).logits.npy")
      #expect(relativeDifference(logits, expected: expected) < 1e-4, "\(entry.name)")
    }
    #expect(teaching >= 8)
  }
}
