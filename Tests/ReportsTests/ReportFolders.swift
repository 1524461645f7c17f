import Foundation
import FunMatchTestSupport

/// Folders of runs and studies as the tool leaves them, small enough to be worked out by hand.
struct ReportFolders {
  let root = try? TemporaryFolder()

  func path(_ name: String) -> String { root?.file(name) ?? name }

  private func write(_ name: String, _ text: String) throws {
    let file = URL(fileURLWithPath: path(name))
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  /// A run of three steps of 10 images at 20 images/s, evaluated at 2 and 3.
  ///
  /// - Parameters:
  ///   - top1: on the validation images at the end; `nil` without labels.
  ///   - test: top-1 on the test images; `nil` of a run that is not finished.
  func run(
    _ name: String, rate: String = "0.01", length: Int = 3, seed: Int = 0, top1: Double?,
    test: Double?, policy: String = "funmatch", agreement: Double = 0.5
  ) throws {
    try write(
      name + "/recipe.yaml",
      """
      batchSize: 10
      teachers: [{weights: /home/me/big.safetensors, resolution: 28}]
      views: {policy: \(policy)}
      optimizer: {adam: {learningRate: \(rate)}}
      schedule: {steps: \(length)}
      seed: \(seed)

      """)
    try write(name + "/environment.json", #"{"device": "cpu"}"#)
    let labels = top1.map {
      #","validation.top1":\#($0),"validation.teacherTop1":0.9"#
    }
    let figures = #""validation.agreement":\#(agreement),"validation.kl":0.25"#
    try write(
      name + "/metrics.jsonl",
      """
      {"imagesPerSecond":20,"step":1}
      {"imagesPerSecond":20,"step":2,\(figures)\(labels ?? "")}
      {"imagesPerSecond":20,"step":3,\(figures)\(labels ?? "")}
      {"imagesPerSec
      """)
    guard let test else { return }
    try write(
      name + "/result.json",
      """
      {"kind": "distillation", "steps": \(length), "images": \(10 * length),
       "student": {"parameters": 1234, "macs": 1000}, "teacher": {"parameters": 56789, "macs": 2000},
       "test": {"images": 100, "agreement": \(agreement), "kl": 0.5,
         "teacher": {"classes": 10, "top1": 0.95, "imagesPerSecond": 1},
         "student": {"classes": 10, "top1": \(test), "imagesPerSecond": 1}}}
      """)
  }

  func study(_ name: String, _ text: String) throws { try write(name + "/study.json", text) }

  func damage(_ name: String, _ text: String) throws { try write(name, text) }
}
