import Foundation
import FunMatchImages
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Several processes that make one run.
@Suite(.serialized) struct ProcessTests {
  private let run: FashionRun
  private var folder: TemporaryFolder { run.folder }

  init() throws {
    run = try FashionRun(steps: 12, "microBatchSize: 8\nprecision: f32")
  }

  private func start(
    _ count: Int, _ output: String, environment: [String: String] = [:], _ more: [String] = []
  ) throws -> ToolGroup {
    try ToolGroup(count, in: folder, environment: environment) { _ in
      run.arguments(output, more)
    }
  }

  private func distil(_ count: Int, _ output: String, _ more: [String]) throws {
    guard count > 1 else {
      let result = try Tool.run(run.arguments(output, more), in: folder)
      try #require(result.status == 0, "\(result.errors)")
      return
    }
    for result in try start(count, output, more).results() {
      try #require(result.status == 0, "\(result.errors)")
    }
  }

  private func values(_ output: String, _ key: String) throws -> [Double] {
    try run.metrics(output).compactMap {
      let line = try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
      return line?[key] as? Double
    }
  }

  /// Batch statistics, losses and gradients are those of the whole batch. With so large a learning rate the weights after
  /// the first step are the gradient.
  @Test func anyNumberOfProcessesMakesTheSameSteps() throws {
    let usual = [
      "--set", "student.model={mobilenetV3: {size: small}}", "--set", "evaluation.trainingImages=0",
      "--set", "checkpoints={every: 1, keep: 9}", "--set", "schedule.warmupSteps=0",
    ]
    let first = [
      "--set", "optimizer={sgd: {learningRate: 10000, momentum: 0, weightDecay: 0, clipNorm: 0}}",
      "--set", "schedule.steps=1",
    ]
    let few = [
      "--set", "schedule.steps=5", "--set", "schedule.warmupSteps=5",
      "--set", "optimizer.adam.learningRate=0.001",
    ]
    try run.distilAll([("gradient1", usual + first), ("losses1", usual + few)])
    let counts = Soak.first(of: [2, 4])
    for count in counts {
      try distil(count, "gradient\(count)", usual + first)
      try distil(count, "losses\(count)", usual + few)
    }
    func weights(_ count: Int) throws -> [String: Tensor] {
      let path = folder.file("gradient\(count)/checkpoints/000000001.safetensors")
      return Dictionary(
        uniqueKeysWithValues: try SafetensorsFile(path).readAll().map { ($0.name, $0.tensor) })
    }
    let alone = try weights(1)
    let losses = try values("losses1", "distillLoss")
    #expect(losses.count == 5)
    for count in counts {
      let shared = try weights(count)
      #expect(shared.keys == alone.keys)
      for (name, expected) in alone {
        let difference = relativeDifference(try #require(shared[name]), expected: expected)
        #expect(difference < 2e-5, "\(count) processes: \(name) differs by \(difference)")
      }
      for (one, other) in zip(losses, try values("losses\(count)", "distillLoss")) {
        #expect(abs(one - other) < 1e-4 * one, "\(count) processes: \(other) for \(one)")
      }
    }
  }

  /// What one process makes of the student that two have trained is what two make of it.
  @Test func evaluationsAreThoseOfOneProcess() throws {
    try distil(2, "two", [])
    func object(_ text: String?) throws -> [String: Any]? {
      try JSONSerialization.jsonObject(with: Data((text ?? "").utf8)) as? [String: Any]
    }
    let line = try object(run.metrics("two").last)
    let result = try Tool.run(
      "evaluate", folder.file("two/student.safetensors"), "--data",
      "fashion-mnist:train[200:260]", "--teacher", folder.file("teacher.safetensors"), "--json",
      "--device", "cpu", "--threads", "1", in: folder)
    #expect(result.status == 0, "\(result.errors)")
    let last = result.output.split(separator: "\n").last.map(String.init)
    let all = try #require(try object(last))
    let student = try #require(all["student"] as? [String: Any]).merging(all) { $1 }
    var compared: Set<String> = []
    for (key, value) in student {
      guard let two = line?["validation.\(key)"] as? Double else { continue }
      #expect(value as? Double == two, "\(key)")
      compared.insert(key)
    }
    #expect(compared.isSuperset(of: ["top1", "agreement", "entropy", "loss"]), "\(compared)")
  }

  /// A process that is killed ends the others at once, and the run goes on as if nothing had been, also with another number
  /// of processes.
  @Test func killedAndGoesOn() throws {
    let more = ["--set", "schedule.steps=16", "--set", "evaluation.every=8"]
    try distil(2, "whole", more)
    // `torchrunStartsThemAgain` kills the second.
    for victim in Soak.first(of: [0, 1]) {
      let name = "killed\(victim)"
      let group = try start(2, name, more)
      while group.processes[victim].isRunning, (try? run.metrics(name).count) ?? 0 < 6 {
        usleep(2000)
      }
      kill(group.processes[victim].processIdentifier, SIGKILL)
      let results = try group.results()
      #expect(group.processes[victim].terminationReason == .uncaughtSignal)
      #expect(results[1 - victim].status == 1)
      #expect(
        results[1 - victim].errors.contains("another process of the group is gone"),
        "\(results[1 - victim].errors)")
      for result in try start(
        2, name, environment: ["TORCHELASTIC_RESTART_COUNT": "1"], more
      ).results() {
        #expect(result.status == 0, "\(result.errors)")
      }
      #expect(
        try folder.bytes("\(name)/student.safetensors")
          == folder.bytes("whole/student.safetensors"))
      #expect(try run.metrics(name) == run.metrics("whole"))
    }
  }

  /// Views and steps do not depend on how many there are: one after two, and then four.
  @Test func otherNumbersGoOn() throws {
    let more = ["--set", "schedule.steps=40", "--set", "schedule.warmupSteps=30", "--resume"]
    try distil(2, "whole", more)
    let losses = try values("whole", "distillLoss")
    try #require(losses.count == 40)
    for (count, end) in [(2, 6), (1, 14)] {
      let group = try start(count, "other", more)
      while group.processes[0].isRunning, (try? run.metrics("other").count) ?? 0 < end {
        usleep(1000)
      }
      kill(group.processes[0].processIdentifier, SIGTERM)
      #expect(try group.results().allSatisfy { $0.status == SIGTERM })
      let done = try run.metrics("other").count
      #expect((end..<40).contains(done), "\(done)")
    }
    try distil(4, "other", more)
    let others = try values("other", "distillLoss")
    #expect(others.count == 40)
    for (one, other) in zip(losses, others) { #expect(abs(one - other) < 1e-3 * one) }
  }

  /// `torchrun` starts all of them again, whichever is killed and whenever, and they go on without being told to.
  @Test(.enabled(if: PyTorch.python != nil), arguments: Soak.first(of: [2, 4]))
  func torchrunStartsThemAgain(count: Int) throws {
    let (steps, kills) = Soak.isOn ? (600, 10) : (24, 1)
    let more = ["--set", "schedule.steps=\(steps)", "--set", "evaluation.every=\(steps / 2)"]
    try distil(count, "whole", more)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(PyTorch.python))
    process.arguments =
      [
        "-m", "torch.distributed.run", "--no-python", "--nproc-per-node", "\(count)",
        "--max-restarts", "\(kills + 2)", "--monitor-interval", "0.1", "--master-port",
        "\(try ToolGroup.freePort())", Tool.path,
      ] + run.arguments("restarted", more)
    process.environment = ProcessInfo.processInfo.environment
      .merging(["FUNMATCH_CACHE": folder.file("kept"), "OMP_NUM_THREADS": "1"]) { $1 }
    let errors = try folder.write("torchrun-errors", [])
    process.standardError = FileHandle(forWritingAtPath: errors)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    for number in 1...kills {
      // The last one long before the end.
      let step = number * steps / (kills + 3) + number % 3
      while process.isRunning, (try? run.metrics("restarted").count) ?? 0 < step { usleep(500) }
      let children = Kill.children(of: process.processIdentifier)
      try #require(children.count >= count, "\(children)")
      kill(children[number % children.count], SIGKILL)
    }
    process.waitUntilExit()
    let words = String(decoding: try folder.bytes("torchrun-errors"), as: UTF8.self)
    #expect(process.terminationStatus == 0, "\(words.suffix(3000))")
    #expect(words.matches(of: /resumed after step/).count >= kills, "\(words.suffix(3000))")
    #expect(
      try folder.bytes("restarted/student.safetensors")
        == folder.bytes("whole/student.safetensors"))
    #expect(try run.metrics("restarted") == run.metrics("whole"))
  }

  @Test func aSignalToOneStopsAll() throws {
    let group = try start(2, "stopped", ["--set", "schedule.steps=100000"])
    while group.processes[1].isRunning, (try? run.metrics("stopped").count) ?? 0 < 5 {
      usleep(2000)
    }
    kill(group.processes[1].processIdentifier, SIGTERM)
    let results = try group.results()
    #expect(results.map(\.status) == [SIGTERM, SIGTERM], "\(results.map(\.errors))")
    let step = try run.metrics("stopped").count
    #expect(results[0].output.contains("stopped after step \(step)") && results[1].output.isEmpty)
    #expect(
      FileManager.default.fileExists(
        atPath: folder.file("stopped/checkpoints/\(String(format: "%09d", step)).json")))
  }

  /// Each fault of one process ends all of them, and is told once.
  @Test func faultsEndTheGroupInOneSentence() throws {
    func errors(_ group: ToolGroup) throws -> [String] {
      let results = try group.results()
      #expect(results.allSatisfy { $0.status == 1 }, "\(results)")
      return results.flatMap { $0.errors.split(separator: "\n").map(String.init) }
        .filter { $0.hasPrefix("funmatch:") }
    }
    let other = try FashionRun(steps: 12, "microBatchSize: 8\nprecision: f32", teacherSeed: 9)
    for rank in 0..<2 {
      try FileManager.default.createDirectory(
        atPath: folder.file("data\(rank)/pictures"), withIntermediateDirectories: true)
      for index in 0..<20 {
        let image = photograph(height: 30, width: 30, seed: index == 7 ? rank : index)
        _ = try folder.write("data\(rank)/pictures/\(index).jpg", image.jpegData())
      }
    }
    let faults: [(name: String, group: ToolGroup, words: String)] = [
      (
        "recipes",
        try ToolGroup(2, in: folder, stream: "recipes") { rank in
          run.arguments("recipes", ["--set", "seed=\(rank)"])
        }, "process 1 does not have the recipe of process 0: seed"
      ),
      (
        "weights",
        try ToolGroup(2, in: folder, stream: "weights") { rank in
          (rank == 0 ? run : other).arguments("weights")
        }, "process 1 does not have the weights of process 0"
      ),
      (
        "images",
        try ToolGroup(2, in: folder, stream: "images") { rank in
          run.arguments(
            "images",
            ["--set", "data.train=photos:pictures", "--data-dir", folder.file("data\(rank)")])
        }, "process 1 does not have the training images of process 0"
      ),
      (
        "missing",
        try ToolGroup(
          1, in: folder, environment: ["WORLD_SIZE": "2", "FUNMATCH_TIMEOUT": "2"],
          stream: "missing"
        ) { _ in run.arguments("missing") }, "process 1 of 2 did not come"
      ),
      (
        "many",
        try ToolGroup(2, in: folder, stream: "many") { _ in
          run.arguments("many", ["--set", "microBatchSize=1"])
        }, "microBatchSize: 2 processes"
      ),
      (
        "unreachable",
        try ToolGroup(
          1, in: folder,
          environment: ["RANK": "1", "WORLD_SIZE": "2", "FUNMATCH_TIMEOUT": "2"],
          stream: "unreachable"
        ) { _ in run.arguments("unreachable") }, "127.0.0.1"
      ),
      (
        "variable",
        try ToolGroup(
          1, in: folder, environment: ["RANK": "7", "WORLD_SIZE": "2"], stream: "variable"
        ) { _ in run.arguments("variable") }, "RANK is '7'"
      ),
    ]
    for (name, group, words) in faults {
      let told = try errors(group)
      #expect(told.count == 1 && told[0].contains(words), "\(name): \(told)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("recipes")))
    // Something else may be at the port: for one process it is taken, for another it does not answer.
    let stranger = Process()
    let port = try ToolGroup.freePort()
    stranger.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    stranger.arguments = [
      "python3", "-c",
      "import socket, time; s = socket.create_server(('127.0.0.1', \(port))); print(flush=True); time.sleep(60)",
    ]
    let ready = Pipe()
    stranger.standardOutput = ready
    try stranger.run()
    defer { stranger.terminate() }
    _ = ready.fileHandleForReading.readData(ofLength: 1)
    for (rank, words) in [("0", "address already in use"), ("1", "does not answer")] {
      let taken = try errors(
        ToolGroup(
          1, in: folder,
          environment: [
            "RANK": rank, "WORLD_SIZE": "2", "MASTER_PORT": "\(port)", "FUNMATCH_TIMEOUT": "1",
          ]
        ) { _ in run.arguments("taken") })
      #expect(taken.count == 1 && taken[0].contains(words), "\(taken)")
    }
  }
}
