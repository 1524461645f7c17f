import Foundation
import FunMatchImages
import FunMatchTestSupport
import Testing

/// Runs on shards that `funmatch data pack` wrote.
struct ShardRunTests {
  /// Whether the images lie in a folder, in one archive or in twenty: the run has the same bits.
  @Test func aRunDoesNotDependOnShards() throws {
    let run = try FashionRun(steps: 12)
    for index in 0..<40 {
      let folder = run.folder.file("images/c\(index % 10)")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let image = photograph(height: 30 + index % 7, width: 40, seed: index)
      _ = try run.folder.write("images/c\(index % 10)/\(index).jpg", image.jpegData())
    }
    let images = run.folder.file("images")
    var sources = ["folder": "folder:\(images)"]
    for (name, perShard) in [("one", "40"), ("twenty", "2")] {
      let packed = try Tool.run(
        "data", "pack", "folder:\(images)", "--output", run.folder.file("\(name)/s-%02d.tar"),
        "--images-per-shard", perShard, in: run.folder)
      #expect(packed.status == 0, "\(packed.errors)")
      sources[name] = "tar:" + run.folder.file("\(name)/s.json")
    }
    #expect(FileManager.default.fileExists(atPath: run.folder.file("twenty/s-19.tar")))
    try run.distilAll(
      sources.map { ("run-\($0)", ["--quiet", "--set", "data.train=\($1)"]) })
    let metrics = try run.metrics("run-folder")
    #expect(metrics.count == 12)
    for name in ["one", "twenty"] {
      #expect(try run.metrics("run-\(name)") == metrics)
      #expect(
        try run.folder.bytes("run-\(name)/student.safetensors")
          == run.folder.bytes("run-folder/student.safetensors"))
    }
  }

  /// Skipped with one line, however many images were in it.
  @Test func aLostShardFailsOrIsSkipped() throws {
    let run = try FashionRun(steps: 6)
    let packed = try Tool.run(
      "data", "pack", "fashion-mnist:train[:200]", "--output", run.folder.file("s-%d.tar"),
      "--images-per-shard", "50", in: run.folder)
    #expect(packed.status == 0, "\(packed.errors)")
    try FileManager.default.removeItem(atPath: run.folder.file("s-2.tar"))
    let source = "data.train=tar:" + run.folder.file("s.json")
    let failed = try run.distil("a", "--set", source)
    #expect(failed.status == 1)
    #expect(failed.errors.contains("s-2.tar: cannot read images of this shard"), "\(failed.errors)")
    let skipped = try run.distil("b", "--set", source, "--set", "onBrokenImage=skip")
    #expect(skipped.status == 0, "\(skipped.errors)")
    let log = String(decoding: try run.folder.bytes("b/log.txt"), as: UTF8.self)
    #expect(log.matches(of: /skipped: .*s-2\.tar/).count == 1, "\(log)")
  }

  @Test func killedAtRandomAndPackedAgain() throws {
    let folder = try TemporaryFolder()
    func arguments(_ name: String) -> [String] {
      [
        "data", "pack", "fashion-mnist:train[:6000]", "--output",
        folder.file("\(name)/s-%02d.tar"), "--images-per-shard", "400",
      ]
    }
    let whole = try Tool.run(arguments("whole"), in: folder)
    #expect(whole.status == 0, "\(whole.errors)")
    var kills = 0
    for attempt in 0..<8 {
      let process = try Tool.start(arguments("part"), in: folder)
      usleep(UInt32(60_000 + attempt * 20_000))
      guard process.isRunning else { break }
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      kills += 1
    }
    #expect(kills > 0)
    if !FileManager.default.fileExists(atPath: folder.file("part/s.json")) {
      let rest = try Tool.run(arguments("part"), in: folder)
      #expect(rest.status == 0, "\(rest.errors)")
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("whole")).sorted()
    #expect(names.count == 16)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.file("part")).sorted() == names)
    for name in names {
      #expect(try folder.bytes("part/" + name) == folder.bytes("whole/" + name), "\(name)")
    }
  }
}
