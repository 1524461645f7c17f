import Foundation
import FunMatchImages
import FunMatchRuns
import FunMatchSettings
import FunMatchTestSupport
import Testing

/// A run that was killed and resumed ends as one that never stopped.
@Suite(.serialized) struct ResumeTests {
  private let run: FashionRun
  private let steps = 16
  private var folder: TemporaryFolder { run.folder }

  init() throws { run = try FashionRun(steps: steps) }

  @Test func killedAtRandomAndResumed() throws {
    let whole = try run.distil("whole")
    #expect(whole.status == 0, "\(whole.errors)")
    let lines = try run.metrics("whole")
    #expect(lines.count == steps)
    #expect(lines[9].contains("validation.top1") && lines[9].contains("validation.agreement"))

    var generator = SystemRandomNumberGenerator()
    for _ in 0..<(Soak.isOn ? 20 : 1) {
      let wanted = Int.random(in: 1..<steps - 2, using: &generator)
      let name = try run.killed(at: wanted, ["--resume"])
      let resumed = try run.distil(name, "--resume")
      #expect(resumed.status == 0, "killed after step \(wanted): \(resumed.errors)")
      #expect(try run.metrics(name) == lines, "killed after step \(wanted)")
      #expect(
        try folder.bytes("\(name)/student.safetensors")
          == folder.bytes("whole/student.safetensors"),
        "killed after step \(wanted)")
      #expect(
        try folder.bytes("\(name)/checkpoints/0000000\(steps).safetensors")
          == folder.bytes("whole/checkpoints/0000000\(steps).safetensors"))
      try FileManager.default.removeItem(atPath: folder.file(name))
    }

    // A finished run is finished, with or without its last checkpoint being newer than the student.
    #expect(FileManager.default.fileExists(atPath: folder.file("whole/report/accuracy.svg")))
    let again = try run.distil("whole", "--resume")
    #expect(again.status == 0 && again.output.contains("student"))
    let refused = try run.distil("whole")
    #expect(refused.status == 1 && refused.errors.contains("--resume"))
    let labels = try run.train("whole", "--resume")
    #expect(labels.status == 1 && labels.errors.contains("learns from something else"))
    let other = try run.distil("whole", "--resume", "--set", "batchSize=8")
    #expect(other.status == 1 && other.errors.contains("batchSize: 16 there, 8 now"))
  }

  /// And then they end the tool as they would have without it, so that a shell's loop ends with it.
  @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
  func signalsSaveFirst(signal: Int32) throws {
    let process = try run.start(
      "stopped", until: 3, "--set", "schedule.steps=100000", "--set", "checkpoints.every=100000")
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == signal)
    let step = try run.metrics("stopped").count
    let output = String(decoding: try folder.bytes("stream-out"), as: UTF8.self)
    #expect(output.contains("step \(step)") && output.contains("--resume"))
    let saved = try folder.bytes("stopped/checkpoints/\(String(format: "%09d", step)).json")
    #expect(!saved.isEmpty)
  }

  /// Slurm's warning: the run saves what there is, and goes on.
  @Test func aWarningSavesAndTheRunGoesOn() throws {
    let process = try run.start(
      "warned", until: 3, "--set", "schedule.steps=100000", "--set", "checkpoints.every=100000")
    for _ in 0..<2 {
      kill(process.processIdentifier, SIGUSR1)
      let before = try run.files("warned/checkpoints").filter { $0.hasSuffix(".json") }
      while process.isRunning,
        try run.files("warned/checkpoints").filter({ $0.hasSuffix(".json") }) == before
      { usleep(1000) }
    }
    let count = try run.metrics("warned").count
    while process.isRunning, try run.metrics("warned").count < count + 3 { usleep(1000) }
    #expect(process.isRunning)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let saved = try run.files("warned/checkpoints").filter { $0.hasSuffix(".json") }
    #expect(saved.count == 2, "\(saved)")
  }

  /// A shell has its background jobs ignore Ctrl-C.
  @Test func whatIsIgnoredStaysIgnored() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments =
      ["-c", "trap '' INT HUP; exec \"$@\"", "sh", Tool.path]
      + run.arguments("deaf", ["--quiet", "--set", "schedule.steps=40"])
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    while process.isRunning, (try? run.metrics("deaf").count) ?? 0 < 3 { usleep(1000) }
    for number in [SIGINT, SIGHUP] { kill(process.processIdentifier, number) }
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 0)
    #expect(try run.metrics("deaf").count == 40)
  }

  private func findings(_ path: String) throws -> [RunVerifier.Finding] {
    try RunVerifier(RunFolder(path), registry: .standard).findings()
  }

  /// Every file that is read back is verified, and what is damaged or missing is named.
  @Test func theDoctorVerifiesARun() throws {
    let files = FileManager.default
    try #require(try run.distil("sick", "--quiet").status == 0)
    let well = try Tool.run("doctor", folder.file("sick"), in: folder)
    #expect(well.status == 0 && !well.output.contains("FAULT"), "\(well.output) \(well.errors)")
    #expect(well.output.contains("student.safetensors: whole"))
    let own = try files.subpathsOfDirectory(atPath: folder.file("sick")).filter {
      $0.hasSuffix(".json") || $0.hasSuffix(".safetensors") || $0 == "metrics.jsonl"
    }
    for name in own where !name.hasPrefix("report/") {
      let bytes = try folder.bytes("sick/\(name)")
      var damaged = bytes
      damaged[bytes.count / 2] ^= 1
      if name == "metrics.jsonl" { damaged.removeSubrange(200..<900) }
      _ = try folder.write("sick/\(name)", damaged)
      let faults = try findings(folder.file("sick")).filter(\.isFault).map(\.name)
      let base = name.replacing(/\.(jsonl|json|safetensors)$/, with: "")
      #expect(faults.contains { $0.hasPrefix(base) }, "\(name): \(faults)")
      if name == "student.safetensors" {
        let found = try Tool.run("doctor", folder.file("sick"), in: folder)
        #expect(found.status == 1 && found.output.contains("FAULT student"), "\(found.output)")
      }
      _ = try folder.write("sick/\(name)", bytes)
    }
    #expect(try !findings(folder.file("sick")).contains(where: \.isFault))
    for (path, words) in [
      (folder.path, "holds no run"),
      (folder.file("nowhere"), "does not exist, expected the folder"),
      (folder.file("r.yaml"), "is a file, expected the folder of a run or a study"),
    ] {
      let text = message { _ = try findings(path) } ?? "no error"
      #expect(text.contains("\(path): \(words)"), "\(text)")
    }
    let found = try Tool.run("doctor", folder.path, in: folder)
    #expect(found.status == 1 && found.errors.contains("holds no run"), "\(found.errors)")
  }

  /// Classes with other names, more images, other pictures: a run goes on with none of them. What is done about broken ones
  /// may change.
  @Test func otherImagesAreRefusedAndTold() throws {
    let files = FileManager.default
    func write(_ name: String, _ seed: Int) throws {
      let path = folder.file("images/\(name).jpg")
      try files.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      _ = try folder.write(
        "images/\(name).jpg", photograph(height: 28, width: 28, seed: seed).jpegData())
    }
    for index in 0..<40 { try write("\(index % 2 == 0 ? "cat" : "dog")/\(index)", index) }
    let more = [
      "--quiet", "--set", "data.train=folder:\(folder.file("images"))", "--set",
      "data.validation=null", "--set", "data.test=null", "--set", "evaluation.trainingImages=0",
      "--set", "schedule.steps=1000000", "--set", "checkpoints.best=false", "--stop-after", "1s",
    ]
    func train(_ name: String, _ also: String...) throws -> Tool.Result {
      try Tool.run(run.arguments(name, more + also, command: "train"), in: folder)
    }
    let begun = try train("begun")
    #expect(begun.status == 0 && begun.output.contains("stopped after step"), "\(begun.errors)")
    func refusal() throws -> String {
      let result = try train("begun", "--resume")
      #expect(result.status == 1)
      return result.errors
    }
    let images = folder.file("images")
    try files.moveItem(atPath: images + "/cat", toPath: images + "/tabby")
    let renamed = try refusal()
    #expect(renamed.contains("data.train: class 0 was 'cat' and is 'dog' now"), "\(renamed)")
    try files.moveItem(atPath: images + "/tabby", toPath: images + "/cat")
    try write("cat/more", 99)
    let longer = try refusal()
    #expect(longer.contains("data.train: 40 images then, 41 now"), "\(longer)")
    try files.removeItem(atPath: images + "/cat/more.jpg")
    try files.moveItem(atPath: images + "/cat/0.jpg", toPath: images + "/dog/0.jpg")
    let moved = try refusal()
    #expect(moved.contains("names, order or labels"), "\(moved)")
    try files.moveItem(atPath: images + "/dog/0.jpg", toPath: images + "/cat/0.jpg")
    try write("dog/7", 5)
    let repainted = try refusal()
    #expect(
      repainted.contains(/data.train: image \d+ has (another size|other contents)/), "\(repainted)")
    try write("dog/7", 7)
    let fine = try train("begun", "--resume", "--set", "onBrokenImage=skip")
    #expect(fine.status == 0, "\(fine.errors)")
    _ = try folder.write("begun/data.json", Array("{".utf8))
    let damaged = try train("begun", "--resume")
    #expect(
      damaged.status == 0 && damaged.errors.contains("data.json: is damaged"), "\(damaged.errors)")
  }

  @Test func nohupOutlivesItsTerminal() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      ["nohup", Tool.path]
      + run.arguments("detached", ["--quiet", "--set", "schedule.steps=40"])
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    while process.isRunning, (try? run.metrics("detached").count) ?? 0 < 3 { usleep(1000) }
    kill(process.processIdentifier, SIGHUP)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 0)
    #expect(try run.metrics("detached").count == 40)
  }

  @Test func aSecondProcessIsKeptOut() throws {
    let process = try run.start(
      "shared", until: 2, "--set", "schedule.steps=100000", "--set", "checkpoints.every=100000")
    let second = try TemporaryFolder()
    let refused = try Tool.run(
      run.arguments(
        "shared",
        ["--resume", "--set", "schedule.steps=100000", "--set", "checkpoints.every=100000"]),
      in: second)
    #expect(refused.status == 1 && refused.errors.contains("another process"))
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  @Test func anExplodingLossNamesItsStepAndKeepsTheCheckpoint() throws {
    let result = try run.distil(
      "wild", "--quiet", "--set", "optimizer.adam.learningRate=1e38", "--set",
      "checkpoints.every=1", "--set", "schedule.warmupSteps=4")
    #expect(result.status == 1)
    #expect(result.errors.contains("step"))
    #expect(result.errors.contains("loss") || result.errors.contains("gradient"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("wild/student.safetensors")))
    let kept = try FileManager.default.contentsOfDirectory(atPath: folder.file("wild/checkpoints"))
    #expect(kept.contains { $0.hasSuffix(".json") })
  }

  @Test func trainingLearnsFromLabels() throws {
    let result = try run.train("labels", "--quiet", "--set", "schedule.steps=30")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.isEmpty)
    #expect(result.output.contains("top-1") && result.output.contains("student.safetensors"))
    let losses = try run.metrics("labels").map { line in
      try #require(Double(line.split(separator: ",")[0].split(separator: ":")[1]))
    }
    #expect(losses.suffix(5).reduce(0, +) < losses.prefix(5).reduce(0, +))
  }
}
