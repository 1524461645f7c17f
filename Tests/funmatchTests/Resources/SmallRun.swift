import Foundation
import FunMatchImages
import FunMatchTestSupport

/// A folder with two classes of small images and a recipe that learns them in moments.
struct SmallRun {
  let folder: TemporaryFolder

  /// - Parameter more: lines that the recipe has beside the usual ones.
  init(_ more: String = "") throws {
    folder = try TemporaryFolder()
    for (number, name) in ["a", "b"].enumerated() {
      try FileManager.default.createDirectory(
        atPath: folder.file("images/\(name)"), withIntermediateDirectories: true)
      for image in 0..<4 {
        let pixels = (0..<24 * 20 * 3).map { UInt8(truncatingIfNeeded: $0 * (number + 2) + image) }
        let picture = PixelImage(height: 20, width: 24, pixels: pixels)
        _ = try folder.write("images/\(name)/\(image).png", Array(try picture.pngData()))
      }
    }
    let recipe = """
      data: {train: "folder:images", validation: "folder:images"}
      student: {model: {bit: {depth: [1, 1], width: 0.25, stem: {small: {stride: 2}}, groups: 4}}, resolution: 16}
      views: {policy: same/rc}
      optimizer: {adam: {learningRate: 0.003}}
      schedule: {steps: 6, warmupSteps: 0}
      batchSize: 4
      evaluation: {every: 3, batchSize: 5, trainingImages: 4}
      checkpoints: {every: 2}
      precision: f32
      \(more)
      """
    _ = try folder.write("r.yaml", Array(recipe.utf8))
  }

  func arguments(_ output: String, _ more: [String] = []) -> [String] {
    [
      "train", "r.yaml", "--output", output, "--device", "cpu", "--data-dir", folder.path,
    ] + more
  }

  /// Trains in the folder under what the shell sets, such as `ulimit -f 4`.
  ///
  /// - Parameter redirection: what the shell does with files of the tool's.
  func train(
    under limit: String, _ output: String, _ more: String..., redirection: String = ""
  ) throws -> Tool.Result {
    try Tool.run(
      arguments(output, more), under: limit, redirection: redirection, in: folder)
  }
}

extension Tool {
  /// Runs the tool from a shell that sets something first. One that does not end within a minute is killed, and has status
  /// 124.
  static func run(
    _ arguments: [String], under limit: String, redirection: String = "",
    environment: [String: String] = [:], in folder: TemporaryFolder
  ) throws -> Result {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    let script = "\(limit); exec timeout 60 \"$0\" \"$@\" \(redirection)"
    process.arguments = ["-c", script, path] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    process.environment = ProcessInfo.processInfo.environment
      .merging(["FUNMATCH_CACHE": folder.file("kept")]) { $1 }.merging(environment) { $1 }
    for (name, key) in [("out", \Process.standardOutput), ("err", \Process.standardError)] {
      _ = try folder.write("shell-\(name)", [])
      process[keyPath: key] = FileHandle(forWritingAtPath: folder.file("shell-\(name)"))
    }
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return try result(of: process, in: folder, stream: "shell")
  }
}

extension Tool.Result {
  /// Whether the tool ended with one sentence of its own.
  var isOneSentence: Bool {
    let lines = errors.split(separator: "\n").filter { $0.hasPrefix("funmatch: ") }
    let crashes = ["Backtrac", "Fatal error", "terminate called", "NSCocoa", "core dumped"]
    return status == 1 && lines.count == 1 && !crashes.contains(where: errors.contains)
  }
}
