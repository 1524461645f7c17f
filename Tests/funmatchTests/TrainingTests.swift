import Foundation
import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// What a recipe can say of training, through the real binary.
@Suite(.serialized) struct TrainingTests {
  /// Killed again and again, at random moments, in one and the same run.
  @Test(arguments: [
    ("{adam: {learningRate: 0.003}}", "average: 0.9\nmicroBatchSize: 6"),
    (
      "{shampoo: {learningRate: 0.003, blockSize: 32, startStep: 5, preconditionEvery: 3}}",
      "labels: {alpha: 0.1, smoothing: 0.1}"
    ),
    ("{sgd: {learningRate: 0.01}}", ""),
  ])
  func killedAgainAndAgain(optimizer: String, more: String) throws {
    let (steps, kills) = Soak.isOn ? (300, 20) : (16, 1)
    let run = try FashionRun(steps: steps, more, optimizer: optimizer)
    let whole = try run.distil("whole", "--quiet")
    try #require(whole.status == 0, "\(whole.errors)")
    func compare(_ name: String) throws {
      #expect(try run.metrics(name) == run.metrics("whole"))
      for file in [
        "student.safetensors", "best.safetensors",
        "checkpoints/\(String(format: "%09d", steps)).safetensors",
      ] {
        #expect(
          try run.folder.bytes("\(name)/\(file)") == run.folder.bytes("whole/\(file)"), "\(file)")
      }
      // Events differ in their times only, which take the same room.
      let events = try run.files("whole").first { $0.contains("tfevents") } ?? "no events"
      #expect(
        try run.folder.bytes("\(name)/\(events)").count
          == run.folder.bytes("whole/\(events)").count)
    }
    var generator = SystemRandomNumberGenerator()
    var (killed, number) = (0, 0)
    while killed < kills {
      let name = "killed\(number)"
      let done = (try? run.metrics(name).count) ?? 0
      // Somewhere in the next steps, and at any moment within one.
      let next = done + Int.random(in: 0..<max(2, 2 * steps / (kills + 1)), using: &generator)
      let delay = UInt32.random(in: 0..<20_000, using: &generator)
      let process = try Tool.start(run.arguments(name, ["--resume", "--quiet"]), in: run.folder)
      let hasLanded = Kill.landed(on: process, after: delay) {
        (try? run.metrics(name).count) ?? 0 >= min(next, steps - 1)
      }
      if hasLanded {
        killed += 1
      } else {
        // It was faster: this one is done, and another begins.
        try compare(name)
        number += 1
      }
    }
    let last = try run.distil("killed\(number)", "--resume", "--quiet")
    #expect(last.status == 0, "\(last.errors)")
    try compare("killed\(number)")
  }

  /// An evaluation that is interrupted is made up for.
  @Test func aSignalDuringAnEvaluationIsHeardAndNothingIsLost() throws {
    let run = try FashionRun(steps: 3)
    let edits = [
      "--quiet", "--set", "data.validation=fashion-mnist:train[:2000]", "--set",
      "evaluation={every: 2, batchSize: 50, trainingImages: 0}", "--set", "checkpoints.every=2",
    ]
    let whole = try Tool.run(run.arguments("whole", edits), in: run.folder)
    try #require(whole.status == 0, "\(whole.errors)")
    let name = try Kill.retry { name in
      let process = try Tool.start(run.arguments(name, edits), in: run.folder)
      let saved = run.folder.file("\(name)/checkpoints/000000002.json")
      while process.isRunning, !FileManager.default.fileExists(atPath: saved) { usleep(500) }
      kill(process.processIdentifier, SIGTERM)
      process.waitUntilExit()
      #expect(process.terminationReason == .uncaughtSignal)
      // Its line is not written yet, its state is saved.
      return try run.metrics(name).count == 1
    }
    let rest = try Tool.run(run.arguments(name, edits + ["--resume"]), in: run.folder)
    #expect(rest.status == 0, "\(rest.errors)")
    #expect(try run.metrics(name) == run.metrics("whole"))
    #expect(
      try run.folder.bytes("\(name)/student.safetensors")
        == run.folder.bytes("whole/student.safetensors"))
  }

  /// Running statistics of batch normalisations are saved, averaged and taken up again with the
  /// weights; frozen ones stay.
  @Test func statisticsOfBatchesSurviveAKill() throws {
    let run = try FashionRun(steps: 14, "average: 0.9\nmicroBatchSize: 8")
    let edits = [
      "--quiet", "--set", "student.model={mobilenetV3: {size: small, width: 0.5}}", "--set",
      "student.frozen=blocks.1.*",
    ]
    let whole = try Tool.run(run.arguments("whole", edits), in: run.folder)
    try #require(whole.status == 0, "\(whole.errors)")
    let name = try run.killed(at: 6, edits)
    let rest = try Tool.run(run.arguments(name, edits + ["--resume"]), in: run.folder)
    #expect(rest.status == 0, "\(rest.errors)")
    #expect(try run.metrics(name) == run.metrics("whole"))
    #expect(
      try run.folder.bytes("\(name)/student.safetensors")
        == run.folder.bytes("whole/student.safetensors"))
    let store = try ModelFile(path: run.folder.file("\(name)/student.safetensors")).model.store
    let moving = try #require(store["blocks.2.0.bn1.running_mean"]).value
    let frozen = try #require(store["blocks.1.0.bn1.running_mean"]).value
    #expect(moving.sumOfSquares > 0 && frozen.sumOfSquares == 0)
  }

  @Test func aWallClockBudgetSavesAndEndsWell() throws {
    let run = try FashionRun(steps: 100_000)
    // A busy machine may need longer than that to begin.
    var (seconds, lines) = (1.5, 0)
    while lines == 0, seconds < 1000 {
      let result = try run.distil("r", "--resume", "--stop-after", "\(seconds)s", "--quiet")
      #expect(result.status == 0 && result.output.contains("--resume goes on"), "\(result.errors)")
      lines = (try? run.metrics("r").count) ?? 0
      seconds *= 4
    }
    #expect(lines > 0 && lines < 100_000)
    // A stop that comes during an evaluation is heard before its line is written.
    let names = [lines, lines + 1].map { String(format: "%09d.safetensors", $0) }
    #expect(try run.files("r/checkpoints").contains { names.contains($0) })
    let wrong = try run.distil("r", "--resume", "--stop-after", "3 hours")
    #expect(wrong.status == 64)
  }

  @Test func checkpointsAreKeptByRule() throws {
    let run = try FashionRun(steps: 21)
    func scores(_ name: String) throws -> [(step: Int, score: Double)] {
      try run.metrics(name).compactMap { line in
        guard let score = line.firstMatch(of: /"validation.top1":([0-9.e-]+)/),
          let step = line.firstMatch(of: /"step":([0-9]+)/)
        else { return nil }
        return (Int(step.1) ?? 0, Double(score.1) ?? 0)
      }
    }
    // A rate that ruins the student in time, so that the last evaluation is seldom the best.
    let name = try #require(
      try (0..<6).lazy.map { "r\($0)" }.first { name in
        let result = try run.distil(
          name, "--quiet", "--set", "checkpoints={every: 3, keep: 2, keepEvery: 5, best: true}",
          "--set", "evaluation.every=5", "--set", "seed=\(name.dropFirst())", "--set",
          "optimizer.sgd={learningRate: 30, clipNorm: 1}")
        #expect(result.status == 0, "\(result.errors)")
        let all = try scores(name).map(\.score)
        return all.count == 5 && all.dropLast().contains { $0 > all[4] }
      })
    #expect(
      try run.files("\(name)/checkpoints").filter { $0.hasSuffix(".json") }
        == [5, 10, 15, 20, 21].map { String(format: "%09d.json", $0) })
    // An evaluation is no reason to save.
    #expect(
      try run.distil(
        "rare", "--quiet", "--set", "checkpoints={every: 8, keep: 9}", "--set", "evaluation.every=5"
      ).status == 0)
    #expect(
      try run.files("rare/checkpoints").filter { $0.hasSuffix(".json") }
        == [8, 16, 21].map { String(format: "%09d.json", $0) })
    let evaluations = try scores(name)
    #expect(evaluations.map(\.step) == [5, 10, 15, 20, 21])
    let top = try #require(evaluations.map(\.score).max())
    let best = try #require(evaluations.first { $0.score == top })
    // Whichever step it was, and not the last: the very weights of that step.
    #expect(best.step < 21)
    let kept = try ModelFile(path: run.folder.file("\(name)/best.safetensors")).model.store
    let saved = try SafetensorsFile(
      run.folder.file(String(format: "\(name)/checkpoints/%09d.safetensors", best.step))
    ).readAll()
    for (name, tensor) in saved {
      guard let parameter = kept[name] else { continue }
      #expect(parameter.value.bytes == tensor.bytes, "\(name)")
    }
    // Rules may change when a run goes on.
    let again = try run.distil(
      name, "--resume", "--quiet", "--set", "checkpoints={every: 1, keep: 1}", "--set",
      "evaluation.every=5", "--set", "seed=\(name.dropFirst())", "--set",
      "optimizer.sgd={learningRate: 30, clipNorm: 1}")
    #expect(again.status == 0, "\(again.errors)")
  }

  @Test func aDryRunTellsAndKeepsNothing() throws {
    let run = try FashionRun(steps: 1000)
    let result = try run.distil("r", "--dry-run", "2")
    #expect(result.status == 0, "\(result.errors)")
    for word in [
      "step 1 ", "step 2 ", "2 of 1,000 steps", "(16, 3, 28, 28) -> (16, 10)", "images/s", "memory",
    ] {
      #expect(result.output.contains(word), "\(word) in \(result.output)")
    }
    #expect(!FileManager.default.fileExists(atPath: run.folder.file("r")))
    for policy in Soak.first(2, of: ["fix/ic_ens", "ind/rc", "fix/rs"]) {
      let absent = try run.distil(
        "r", "--dry-run", "1", "--set",
        "data={train: flowers102:train, validation: flowers102:validation}",
        "--set",
        "teachers=[{weights: none.npz, model: {bit: {depth: [1, 1], width: 0.5, classes: 102}}, resolution: 40}]",
        "--set", "views.policy=\(policy)", "--set", "batchSize=2", "--data-dir",
        run.folder.file("nowhere"))
      #expect(absent.status == 0, "\(absent.errors)")
      #expect(absent.output.contains("generated images") && absent.output.contains("fresh weights"))
      #expect(absent.output.contains("(2, 3, 40, 40) -> (2, 102)"))
    }
    #expect(
      try run.files("").filter { $0 != "stream-out" && $0 != "stream-err" }
        == ["r.yaml", "teacher.safetensors"])
  }

  @Test func aHeadIsResetAndLayersAreFrozen() throws {
    let run = try FashionRun(steps: 3)
    let start =
      "--set=student={weights: teacher.safetensors, resolution: 28, head: reset, frozen: ['stem.*', 'stages.0.*']}"
    let whole = try run.train("r", "--quiet", start)
    #expect(whole.status == 0, "\(whole.errors)")
    let before = try ModelFile(path: run.folder.file("teacher.safetensors")).model.store
    let after = try ModelFile(path: run.folder.file("r/student.safetensors")).model.store
    for (a, b) in zip(before.parameters, after.parameters) {
      let isFrozen = a.name.hasPrefix("stem.") || a.name.hasPrefix("stages.0.")
      #expect((a.value.bytes == b.value.bytes) == isFrozen, "\(a.name)")
    }
    let checkpoint = try SafetensorsFile(
      run.folder.file("r/checkpoints/000000003.safetensors")
    ).names
    #expect(!checkpoint.contains("mu.stem.conv.weight"))
    #expect(checkpoint.contains("mu.head.fc.weight"))

    // Another number of classes needs a new head.
    let folder = ["--set=data={train: 'folder:two'}", "--set=checkpoints.best=false"]
    for number in 0..<8 {
      let bytes = try photograph(height: 30, width: 30, seed: number).pngData()
      let path = run.folder.file("two/\(number % 2 == 0 ? "even" : "odd")")
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      _ = try run.folder.write("two/\(number % 2 == 0 ? "even" : "odd")/\(number).png", bytes)
    }
    let kept = try run.train(
      "k", folder[0], folder[1], "--data-dir", run.folder.path, "--set",
      "student={weights: teacher.safetensors, resolution: 28}")
    #expect(kept.status == 1 && kept.errors.contains("student.head: reset"), "\(kept.errors)")
    let reset = try run.train(
      "k", folder[0], folder[1], "--data-dir", run.folder.path, "--quiet", start)
    #expect(reset.status == 0, "\(reset.errors)")
    #expect(
      try ModelFile(path: run.folder.file("k/student.safetensors")).classNames == ["even", "odd"])
    let other = try run.train(
      "w", "--set",
      "student={weights: teacher.safetensors, resolution: 28, head: reset, model: {bit: {depth: [1, 1], width: 0.25, groups: 8, classes: 3}}}"
    )
    #expect(other.status == 1 && other.errors.contains("its 3 classes are not the 10"))
    let wrong = try run.train("w", "--set", "student.frozen=[layer1.*]")
    #expect(wrong.status == 1 && wrong.errors.contains("stem.conv.weight"))
    let all = try run.train("w", "--set", "student.frozen=['*']")
    #expect(all.status == 1 && all.errors.contains("nothing is left"))
  }

  @Test func dataSetsAreMixedAndTeachersCombined() throws {
    let run = try FashionRun(steps: 4)
    try FileManager.default.createDirectory(
      atPath: run.folder.file("photos"), withIntermediateDirectories: true)
    for number in 0..<6 {
      _ = try run.folder.write(
        "photos/\(number).jpg", photograph(height: 40, width: 50, seed: number).jpegData())
    }
    let photos = run.folder.file("photos")
    var calls: [[String]] = []
    for edits in [
      ["data.train={'photos:\(photos)': 1, 'fashion-mnist:train[:50]': 3}"],
      ["data.train=['photos:\(photos)', 'fashion-mnist:train[:50]']"],
      ["data.train=photos:\(photos)"],
    ]
      + ["distances", "probabilities", "logits"].map({
        [
          "combine=\($0)",
          "teachers=[{weights: teacher.safetensors, resolution: 28}, {weights: teacher.safetensors, resolution: 20, weight: 2}]",
        ]
      })
    {
      calls.append(
        run.arguments("r\(calls.count)", ["--quiet"] + edits.flatMap { ["--set", $0] }))
    }
    for (call, result) in zip(calls, try Tool.runAll(calls, in: run.folder)) {
      #expect(result.status == 0, "\(call): \(result.errors)")
      // Evaluated on Fashion-MNIST whatever was learnt from.
      #expect(result.output.contains("top-1"))
    }
    let students = try calls.indices.map { try run.folder.bytes("r\($0)/student.safetensors") }
    for (a, b) in zip(students, students.dropFirst()) { #expect(a != b) }
    // An unlabelled data set cannot supervise.
    let labels = try run.train("l", "--set", "data.train=photos:\(photos)")
    #expect(labels.status == 1 && labels.errors.contains("training needs labels"))
    let blend = try run.distil(
      "l", "--set", "data.train=photos:\(photos)", "--set", "labels.alpha=0.5")
    #expect(blend.status == 1 && blend.errors.contains("labels.alpha"))
  }

  /// What the summary at intervals has to hold (docs/recipes.md), and that TensorBoard's file is there.
  @Test func evaluationsTellOfBothNetworksOnBothSets() throws {
    let run = try FashionRun(steps: 5, "logEvery: 2")
    let result = try run.distil("r", "--quiet")
    #expect(result.status == 0, "\(result.errors)")
    let lines = try run.metrics("r")
    #expect(lines.map { $0.contains("\"step\":5") } == [false, false, true])
    let figures = [
      "top1", "top5", "loss", "entropy", "agreement", "agreementTop5", "kl", "euclidean",
      "teacherTop1", "teacherTop5", "teacherLoss", "teacherEntropy",
    ]
    for set in ["train", "validation"] {
      for figure in figures {
        #expect(lines[2].contains("\"\(set).\(figure)\":"), "\(set).\(figure)")
      }
    }
    for key in ["distillLoss", "gradientNorm", "parameterNorm", "updateNorm", "learningRate"] {
      #expect(lines.allSatisfy { $0.contains("\"\(key)\":") })
    }
    #expect(try run.files("r").contains { $0.hasPrefix("events.out.tfevents.") })
  }

  @Test(.enabled(if: TensorBoard.python != nil, "no Python with TensorBoard"))
  func tensorBoardFindsEveryMetricOfAResumedRun() throws {
    let run = try FashionRun(steps: 14)
    let name = try run.killed(at: 11, ["--quiet"])
    let result = try run.distil(name, "--resume", "--quiet")
    #expect(result.status == 0, "\(result.errors)")
    let series = try #require(try TensorBoard.series(run.folder.file(name)))
    var found: Set<String> = []
    let text = String(decoding: try run.folder.bytes("\(name)/metrics.jsonl"), as: UTF8.self)
    for line in text.split(separator: "\n") {
      let json = try JSONSerialization.jsonObject(with: Data(line.utf8))
      var values = try #require(json as? [String: Double])
      let number = values.removeValue(forKey: "step")
      let step = try #require(number)
      found.formUnion(values.keys)
      for (key, value) in values {
        let points = try #require(series[key]).filter { $0[0] == step }
        #expect(points.count == 1 && Float(points[0][1]) == Float(value), "\(key) at \(step)")
      }
    }
    #expect(found == Set(series.keys))
    // Eight at every step; of each set of images five of either network and four of both together.
    #expect(found.count == 8 + 2 * 14)
    #expect(series["distillLoss"]?.count == 14 && series["validation.kl"]?.count == 2)
  }

  #if os(Linux)
    /// The resident size, as the run itself tells it, whatever is evaluated and saved meanwhile: no part
    /// of a step stays in memory, not even as little as half of its images in bytes. What allocators
    /// keep for later does not grow with steps, and is far less here. An evaluation gives memory back,
    /// and the one after the last step is another than the others, with a network of its own.
    @Test func memoryIsFlat() throws {
      let (first, last) = Soak.isOn ? (1000, 20_000) : (100, 700)
      let batchSize = 32
      let run = try FashionRun(
        steps: last, "average: 0.99\nprecision: f32",
        optimizer: "{adam: {learningRate: 0.001}}")
      let result = try run.distil(
        "r", "--quiet", "--set", "batchSize=\(batchSize)", "--set", "evaluation.every=\(first)",
        "--set", "checkpoints={every: 50, keep: 2, best: true}", "--workers", "1")
      #expect(result.status == 0, "\(result.errors)")
      let text = String(decoding: try run.folder.bytes("r/metrics.jsonl"), as: UTF8.self)
      let sizes = try text.split(separator: "\n").map { line in
        let match = try #require(line.firstMatch(of: /"residentMegabytes":([0-9.e+-]+)/))
        return try #require(Double(match.1))
      }
      try #require(sizes.count == last)
      // Of 500 steps; 19 MB.
      let allowed = Double(500 * batchSize * 28 * 28 * 3 / 2) / 1e6
      for (from, to) in [(first, last - first), (first - 1, last - 1)] {
        let (before, after) = (sizes[from - 1], sizes[to - 1])
        #expect(after - before < allowed, "step \(from): \(before), step \(to): \(after)")
      }
    }
  #endif
}
