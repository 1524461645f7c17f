import Foundation
import FunMatchFiles
import FunMatchFrozen
import FunMatchModels
import FunMatchONNX
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// ONNX files that others wrote give what ONNX Runtime makes of them.
@Suite(
  .enabled(
    if: PyTorch.python != nil && OpenVINO.atHand != nil, "no Python with PyTorch, or no OpenVINO"))
struct ONNXClassifierTests {
  /// Files that are made once.
  nonisolated(unsafe) private static let made = Result { () throws -> TemporaryFolder in
    let folder = try TemporaryFolder()
    try PyTorch.run(
      script: "save_onnx.py",
      arguments: [
        folder.path, "dynamic", "traced", "fixed", "nhwc", "softmax", "log_softmax", "external",
        "outside", "tokens", "two", "open_sides",
      ])
    return folder
  }

  private let folder: TemporaryFolder
  private let images: Tensor
  private let tolerance: Double

  /// A copy, since tests damage files.
  init() throws {
    let made = try Self.made.get()
    folder = try TemporaryFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: made.path) {
      _ = try folder.write(name, made.bytes(name))
    }
    images = try Npy.read(folder.file("images.npy"))
    tolerance = try PyTorch.tolerance(folder)
  }

  private func classifier(
    _ name: String, classes: Int? = nil, size: Int = 48,
    _ layout: ProgramClassifier.Layout = .nchw, outputs: ClassifierOutputs? = nil,
    batchSize: Int = 3
  ) throws -> ONNXClassifier {
    try ONNXClassifier(
      ONNXFile(folder.file(name + ".onnx")), classes: classes, size: size, layout: layout,
      input: .official, outputs: outputs, precision: .f32, batchSize: batchSize,
      with: try #require(OpenVINO.atHand))
  }

  @Test func logitsAreThoseOfONNXRuntime() throws {
    let all: [(String, ProgramClassifier.Layout, ClassifierOutputs?)] = [
      ("dynamic", .nchw, nil), ("traced", .nchw, .logits), ("fixed", .nchw, nil),
      ("nhwc", .nhwc, nil), ("softmax", .nchw, .probabilities),
      ("log_softmax", .nchw, .logProbabilities), ("external", .nchw, nil),
      ("open_sides", .nchw, nil),
    ]
    for (name, layout, outputs) in all {
      let network = try classifier(name, layout, outputs: outputs)
      #expect(network.classes == 7)
      let scores = try Npy.read(folder.file(name + ".npy"))
      let expected = outputs == .probabilities ? scores.log() : scores
      let logits = network(images.channelsLast, .evaluation(.f32))
      #expect(relativeDifference(logits, expected: expected) < tolerance, "\(name)")
      // Of an image alone, too.
      let one = network(images.narrowed(0, 2..<3), .evaluation(.f32))
      #expect(maximumDifference(one, logits.narrowed(0, 2..<3)) == 0, "\(name)")
    }
  }

  @Test func whatDoesNotFitIsSaidInOneSentence() throws {
    func refused(_ words: String, _ body: () throws -> ONNXClassifier) {
      let text = message { _ = try body() } ?? "no error"
      #expect(text.contains(words) && text.contains(".onnx") && !text.contains("\n"), "\(text)")
    }
    refused("ends in Softmax; say `outputs: probabilities`") { try classifier("softmax") }
    refused("ends in LogSoftmax; say `outputs: logProbabilities`") { try classifier("log_softmax") }
    refused("is not float32") { try classifier("tokens") }
    refused("takes 2 arrays") { try classifier("two") }
    refused("in its own folder, not at '../weights.bin'") { try classifier("outside") }
    refused("size: 64, layout: nchw} does not fit") { try classifier("traced", size: 64) }
    refused("size: 48, layout: nchw} does not fit") { try classifier("nhwc") }
    refused("expected (3, 8)") { try classifier("traced", classes: 8) }
    let bytes = try folder.bytes("traced.onnx")
    for count in [0, 1, 100, bytes.count / 2] {
      _ = try folder.write("cut.onnx", Array(bytes.prefix(count)))
      refused("cut.onnx") { try classifier("cut") }
    }
    try FileManager.default.removeItem(atPath: folder.file("weights.bin"))
    refused("weights.bin") { try classifier("external") }
    refused("cannot read") { try classifier("absent") }
  }

  /// Weights beside a file are part of it.
  @Test func theChecksumIsOfAllFiles() throws {
    let path = folder.file("external.onnx")
    let before = try ONNXFile(path).checksum
    #expect(try ONNXFile(path).checksum == before)
    var weights = try folder.bytes("weights.bin")
    weights[weights.count / 2] ^= 1
    _ = try folder.write("weights.bin", weights)
    #expect(try ONNXFile(path).checksum != before)
    let whole = folder.file("traced.onnx")
    #expect(try ONNXFile(whole).checksum == Checksum.sha256(file: whole))
  }
}
