import Foundation
import FunMatchFrozen
import FunMatchImages
import FunMatchModels
import FunMatchTestSupport
import Testing

#if os(Linux)
  /// What the tool does when the system gives it less than it wants.
  @Suite(.serialized) struct ResourceTests {
    /// Every standard stream closed at start: no file of the run gets its number, and what is said goes nowhere.
    @Test(arguments: Soak.first(of: ["<&- >&- 2>&-", "<&-", ">&-", "2>&-"]))
    func closedStreamsAreNobodysFiles(redirection: String) throws {
      let run = try SmallRun()
      let whole = try run.train(under: ":", "whole", "--threads", "1")
      try #require(whole.status == 0, "\(whole.errors)")
      let closed = try run.train(under: ":", "closed", "--threads", "1", redirection: redirection)
      #expect(closed.status == 0, "\(closed.errors)")
      for file in ["student.safetensors", "metrics.jsonl"] {
        let (first, second) = (
          try run.folder.bytes("whole/\(file)"), try run.folder.bytes("closed/\(file)")
        )
        // The speed is in the metrics, and nothing else but numbers is.
        #expect(file == "metrics.jsonl" ? first.first == second.first : first == second, "\(file)")
      }
    }

    @Test func filesThatMayNotGrowAreOneSentence() throws {
      let run = try SmallRun()
      // In units of 1,024 bytes: recipe and log fit, weights do not.
      let result = try run.train(under: "ulimit -f 8", "out")
      #expect(result.isOneSentence, "\(result.status): \(result.errors)")
      #expect(result.errors.contains("File too large"), "\(result.errors)")
      let left = try FileManager.default.subpathsOfDirectory(atPath: run.folder.file("out"))
      #expect(!left.contains { $0.hasSuffix(".tmp") })
    }

    @Test(arguments: Soak.first(3, of: [5, 8, 16, 4, 6, 10, 12, 24]))
    func fewDescriptorsAreOneSentenceOrEnough(count: Int) throws {
      let run = try SmallRun()
      let result = try run.train(under: "ulimit -n \(count)", "out")
      // With the very fewest the system cannot load the program's libraries, and says so by itself.
      let isLoader = result.status == 127
      #expect(result.status == 0 || isLoader || result.isOneSentence, "\(result.errors)")
    }

    /// Stacks that are too large for the address space, so that no thread starts.
    @Test func threadsThatCannotBeStartedAreDoneWithout() throws {
      let run = try SmallRun()
      let result = try run.train(
        under: "ulimit -s 200000000000", "out", "--threads", "2", "--workers", "2")
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("this process can have 1"), "\(result.errors)")
    }

    @Test(arguments: ["OMP_THREAD_LIMIT=1", "OMP_DYNAMIC=true"])
    func teamsThatAreSmallerDoNotWaitForEver(setting: String) throws {
      let run = try SmallRun()
      let result = try run.train(under: "export \(setting)", "out", "--threads", "2")
      #expect(result.status == 0, "\(result.errors)")
    }

    /// Whatever address space is left: the run works, or ends in a sentence.
    @Test func littleAddressSpaceIsOneSentence() throws {
      let run = try SmallRun()
      var wasRefused = false
      for megabytes in stride(from: 440, through: 1000, by: Soak.isOn ? 40 : 80) {
        let result = try run.train(
          under: "ulimit -v \(megabytes * 1000)", "out\(megabytes)", "--threads", "1",
          "--workers", "1")
        let isLoader = result.status == 127
        #expect(
          result.status == 0 || isLoader || result.isOneSentence,
          "\(megabytes) MB, \(result.status): \(result.errors)")
        wasRefused = wasRefused || result.status == 1
      }
      #expect(wasRefused)
    }

    @Test(arguments: [[], ["--dry-run", "1"]])
    func batchesThatCannotFitAreRefusedWithWhatDoes(more: [String]) throws {
      let run = try SmallRun()
      let edits = ["--set", "batchSize=20000", "--set", "student.resolution=512"]
      let result = try Tool.run(
        run.arguments("out", edits + more), under: "ulimit -v 60000000", in: run.folder)
      #expect(result.isOneSentence, "\(result.status): \(result.errors)")
      let sentence = result.errors
      let words = try #require(
        sentence.firstMatch(of: /microBatchSize: ([0-9]+) fits/), "\(sentence)")
      let count = try #require(Int(String(words.1)))
      #expect((1..<20_000).contains(count))
      #expect(!FileManager.default.fileExists(atPath: run.folder.file("out/student.safetensors")))
    }

    private func writeModel(side: Int, to path: String) throws {
      let spec = ModelSpec.bit(
        BiTSpec(depth: [1], width: 0.125, classes: 10, stem: .small(stride: 2), groups: 4))
      try ModelFile(
        model: spec.build(seed: 1), spec: spec,
        preprocessing: EvaluationPreprocessing(resize: side, crop: side)
      ).write(to: path)
    }

    /// Whatever address space is left to OpenVINO: it computes, or has no memory in the tool's own words.
    @Test(.enabled(if: OpenVINO.atHand != nil)) func openVINOWithoutMemoryIsOneSentence() throws {
      let folder = try TemporaryFolder()
      try writeModel(side: 64, to: folder.file("m.safetensors"))
      _ = try folder.write("a.png", photograph(height: 30, width: 30, seed: 1).pngData())
      var wasRefused = false
      for megabytes in stride(from: 640, through: 1000, by: Soak.isOn ? 40 : 80) {
        let result = try Tool.run(
          [
            "predict", "m.safetensors", "a.png", "--engine", "openvino", "--threads", "1",
            "--workers", "1",
          ], under: "ulimit -v \(megabytes * 1000)", in: folder)
        #expect(
          result.status == 0 || result.status == 127 || result.isOneSentence,
          "\(megabytes) MB, \(result.status): \(result.errors)")
        #expect(!["bad_alloc", "can't alloc"].contains(where: result.errors.contains))
        wasRefused = wasRefused || result.status == 1
      }
      #expect(wasRefused)
    }

    @Test func evaluationsThatCannotFitAreRefusedWithWhatDoes() throws {
      let folder = try TemporaryFolder()
      try writeModel(side: 224, to: folder.file("m.safetensors"))
      let result = try Tool.run(
        [
          "evaluate", folder.file("m.safetensors"), "--data", "fashion-mnist:test[:4000]",
          "--batch-size", "100000", "--engine", "libtorch", "--device", "cpu", "--threads", "1",
          "--workers", "1",
        ], under: "ulimit -v 4000000", in: folder)
      #expect(result.isOneSentence, "\(result.status): \(result.errors)")
      // No more than there are.
      #expect(result.errors.contains("4,000 images at a time"), "\(result.errors)")
      let words = try #require(
        result.errors.firstMatch(of: /--batch-size ([0-9]+) fits/), "\(result.errors)")
      #expect((1..<4000).contains(try #require(Int(String(words.1)))))
    }

    @Test func cachesThatCannotBeWrittenNameTheVariable() throws {
      let run = try SmallRun(
        "teachers: [{weights: out/student.safetensors, resolution: 16}]")
      let teacher = try run.train(under: ":", "out", "--threads", "1")
      try #require(teacher.status == 0, "\(teacher.errors)")
      // A file where the folder should be: nobody can write there, root neither.
      _ = try run.folder.write("home", [1])
      let arguments =
        ["distill"] + run.arguments("student", ["--set", "views={policy: fix/cc}"]).dropFirst()
      let result = try Tool.run(
        arguments, under: "unset FUNMATCH_CACHE XDG_CACHE_HOME; export HOME=$PWD/home",
        in: run.folder)
      #expect(result.isOneSentence, "\(result.errors)")
      #expect(
        result.errors.contains("home/.cache/funmatch") && result.errors.contains("FUNMATCH_CACHE"))
    }

    @Test func whatKilledProcessesLeftIsRemoved() throws {
      let run = try SmallRun()
      let first = try run.train(under: ":", "out", "--threads", "1")
      try #require(first.status == 0, "\(first.errors)")
      // As if it had been killed before its end was written.
      try FileManager.default.removeItem(atPath: run.folder.file("out/result.json"))
      for name in ["out", "out/checkpoints", "out/report"] {
        _ = try run.folder.write("\(name)/.student.safetensors.2x9.tmp", [1])
      }
      let result = try run.train(under: ":", "out", "--threads", "1", "--resume")
      try #require(result.status == 0, "\(result.errors)")
      let left = try FileManager.default.subpathsOfDirectory(atPath: run.folder.file("out"))
      #expect(!left.contains { $0.hasSuffix(".tmp") })
    }

    @Test(arguments: ["metrics.jsonl", "student.safetensors", "checkpoints", "log.txt"])
    func linksThatLeadOutAreNotFollowed(name: String) throws {
      let run = try SmallRun()
      let files = FileManager.default
      try files.createDirectory(atPath: run.folder.file("out"), withIntermediateDirectories: true)
      try files.createDirectory(
        atPath: run.folder.file("elsewhere"), withIntermediateDirectories: true)
      if name != "checkpoints" { _ = try run.folder.write("elsewhere/file", [7]) }
      try files.createSymbolicLink(
        atPath: run.folder.file("out/\(name)"),
        withDestinationPath: name == "checkpoints" ? "../elsewhere" : "../elsewhere/file")
      let result = try run.train(under: ":", "out", "--threads", "1")
      #expect(result.isOneSentence, "\(result.errors)")
      #expect(result.errors.contains("out/\(name): is a link"))
      let left = try files.contentsOfDirectory(atPath: run.folder.file("elsewhere"))
      #expect(left == (name == "checkpoints" ? [] : ["file"]))
      if name != "checkpoints" { #expect(try run.folder.bytes("elsewhere/file") == [7]) }
    }
  }
#endif
