import Foundation
import FunMatchImages
import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// `funmatch predict` on images, by the real binary.
struct PredictTests {
  private let folder: TemporaryFolder
  private let names = ["ant, red", "say \"bee\"", "cat\u{1B}[31m"]
  private let images = ["set/10.png", "set/2.png", "set/deep/3.jpg"]

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("set/deep"), withIntermediateDirectories: true)
    for (number, name) in images.enumerated() {
      let image = photograph(height: 40 + number, width: 44, seed: number)
      let bytes = try name.hasSuffix("png") ? image.pngData() : image.jpegData()
      _ = try folder.write(name, bytes)
    }
    _ = try folder.write("set/notes.txt", [])
    _ = try folder.write("broken.png", Array("junk".utf8))
    let spec = ModelSpec.bit(
      BiTSpec(depth: [1], width: 0.125, classes: 3, stem: .small(stride: 2), groups: 4))
    let model = try spec.build(seed: 1)
    let head = try #require(model.store["head.fc.weight"])
    Torch.withSeed(1) { head.value.copy(from: Tensor.randn(head.value.shape)) }
    try ModelFile(
      model: model, spec: spec, classNames: names,
      preprocessing: EvaluationPreprocessing(resize: 64, crop: 64)
    ).write(to: folder.file("m.safetensors"))
  }

  private var paths: [String] { images.map(folder.file) }

  private func arguments(_ words: [String]) -> [String] {
    ["predict", folder.file("m.safetensors"), "--engine", "libtorch", "--threads", "1"] + words
  }

  private func predict(_ words: String..., input: String? = nil) throws -> Tool.Result {
    let input = try input.flatMap {
      FileHandle(forReadingAtPath: try folder.write("in", Array($0.utf8)))
    }
    return try Tool.result(
      of: Tool.start(arguments(words), in: folder, input: input ?? .nullDevice), in: folder)
  }

  private func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map(String.init)
  }

  /// Paths and classes of a text for people.
  private func told(_ result: Tool.Result) -> [String] {
    lines(result.output).filter { !$0.hasPrefix(" ") }
  }

  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test func allFormatsTellTheSame() throws {
    let text = try predict(folder.file("set"), "--top", "2")
    #expect(text.status == 0 && text.errors.isEmpty, "\(text.errors)")
    #expect(told(text) == paths)
    #expect(lines(text.output).count == 9 && !text.output.contains("\u{1B}"))

    let json = try object(predict(folder.file("set"), "--top", "2", "--json").output)
    let predictions = try #require(json["predictions"] as? [[String: Any]])
    let each = try lines(predict(folder.file("set"), "--top", "2", "--jsonl").output).map(object)
    #expect(predictions as NSArray == each as NSArray)
    #expect(predictions.compactMap { $0["image"] as? String } == paths)
    let top = try predictions.map { try #require($0["top"] as? [[String: Any]]) }
    for choices in top {
      #expect(choices.count == 2)
      let indices = choices.compactMap { $0["index"] as? Int }
      #expect(choices.compactMap { $0["name"] as? String } == indices.map { names[$0] })
      let probabilities = choices.compactMap { $0["probability"] as? Double }
      #expect(probabilities == probabilities.sorted(by: >) && probabilities.count == 2)
    }

    let csv = try predict(folder.file("set"), "--top", "2", "--csv").output
    func quoted(_ text: String) -> String {
      text.contains { ",\"".contains($0) }
        ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
    }
    let rows = zip(paths, top).map { path, choices in
      ([path]
        + choices.flatMap { choice in
          [
            quoted(choice["name"] as? String ?? ""),
            (choice["probability"] as? Double).map { "\(Float($0))" } ?? "",
          ]
        }).joined(separator: ",")
    }
    #expect(lines(csv) == ["image,class1,probability1,class2,probability2"] + rows)

    let all = try object(predict(paths[0], "--top", "9", "--json").output)
    let first = try #require((all["predictions"] as? [[String: Any]])?.first)
    #expect((first["top"] as? [Any])?.count == 3)
  }

  /// Whether they are shown to the network together or alone.
  @Test func neighboursChangeNothing() throws {
    let words = Array(repeating: folder.file("set"), count: 30)
    let result = try Tool.run(arguments(words + ["--jsonl", "--workers", "3"]), in: folder)
    let together = lines(result.output)
    #expect(result.status == 0 && together.count == 90)
    for (number, path) in paths.enumerated() {
      let alone = try object(predict(path, "--jsonl").output)
      for place in stride(from: number, to: 90, by: 3) {
        let other = try object(together[place])
        #expect(other["image"] as? String == path)
        for (one, two) in zip(
          try #require(alone["top"] as? [[String: Any]]),
          try #require(other["top"] as? [[String: Any]]))
        {
          #expect(one["index"] as? Int == two["index"] as? Int)
          let difference =
            try #require(one["probability"] as? Double)
            - (try #require(two["probability"] as? Double))
          #expect(abs(difference) < 1e-5)
        }
      }
    }
  }

  @Test(arguments: [[0], [1], [3], [0, 1, 2, 3]])
  func brokenImagesAreNamedAndTheOthersAnswered(places: [Int]) throws {
    var words = paths + [paths[0]]
    for place in places { words[place] = folder.file(place == 1 ? "gone.png" : "broken.png") }
    let whole = words.indices.filter { !places.contains($0) }.map { words[$0] }
    let strict = try Tool.run(arguments(words), in: folder)
    #expect(strict.status == 1 && told(strict) == whole)
    let errors = lines(strict.errors)
    #expect(errors.count == places.count + 1)
    for (place, error) in zip(places, errors) {
      #expect(error.hasPrefix("funmatch: \(words[place]): cannot "))
    }
    #expect(
      errors.last
        == "funmatch: \(places.count) of 4 images could not be classified", "\(strict.errors)")
    let lenient = try Tool.run(arguments(words + ["--skip-broken", "--json"]), in: folder)
    #expect(lenient.status == 0)
    let predictions = try #require(try object(lenient.output)["predictions"] as? [[String: Any]])
    #expect(predictions.compactMap { $0["image"] as? String } == whole)
    #expect(lines(lenient.errors).count == places.count)
    #expect(lines(lenient.errors).allSatisfy { $0.hasPrefix("skipped: ") })
  }

  /// Of one thing one sentence is enough.
  @Test func whatNamesNoImageIsNamed() throws {
    try FileManager.default.createDirectory(
      atPath: folder.file("empty"), withIntermediateDirectories: true)
    for (word, reason) in [
      (folder.file("gone.png"), "cannot read the image: No such file or directory"),
      (folder.file("empty"), "holds no images"),
      (folder.file("q*.png"), "no file is called so, and none matches it"),
      ("/dev/null", "cannot decode the image: it is empty (no bytes)"),
    ] {
      let result = try predict(word)
      #expect(result.status == 1 && result.output.isEmpty)
      #expect(result.errors == "funmatch: \(word): \(reason)\n")
      #expect(try predict(word, "--skip-broken", "--json").output == "{\"predictions\":[]}\n")
    }
    let list = try predict("-", input: "\n")
    #expect(list.status == 1 && list.errors == "funmatch: standard input: names no images\n")
  }

  @Test func imagesAreNamedInManyWays() throws {
    let pattern = try predict(folder.file("set/*.png"))
    #expect(told(pattern) == Array(paths[0..<2]) && pattern.status == 0)
    let list = try predict("-", paths[0], input: "\(paths[2])\r\n\n\(paths[1])")
    #expect(told(list) == [paths[2], paths[1], paths[0]] && list.status == 0)
    let input = FileHandle(forReadingAtPath: paths[1])
    let stream = try Tool.result(
      of: Tool.start(arguments(["/dev/stdin"]), in: folder, input: try #require(input)), in: folder)
    #expect(told(stream) == ["/dev/stdin"] && stream.status == 0, "\(stream.errors)")
    let alone = try predict(paths[1])
    #expect(lines(stream.output).dropFirst() == lines(alone.output).dropFirst())

    let pipe = Pipe()
    let process = try Tool.start(
      arguments(["/dev/stdin"]), in: folder, input: pipe.fileHandleForReading)
    try pipe.fileHandleForWriting.write(contentsOf: Data(folder.bytes(images[1])))
    try pipe.fileHandleForWriting.close()
    let piped = try Tool.result(of: process, in: folder)
    #expect(piped.status == 0 && piped.output == stream.output, "\(piped.errors)")
  }

  @Test func strangeNamesAreShownAndKept() throws {
    let strange = folder.file("set/deep/a\nb\u{1B}[2J\u{202E}.png")
    try FileManager.default.moveItem(atPath: paths[1], toPath: strange)
    let text = try predict(folder.file("set/deep"))
    #expect(text.status == 0)
    #expect(told(text)[1] == folder.file("set/deep/a\\nb\\u{1B}[2J\\u{202E}.png"))
    #expect(!text.output.contains("\u{1B}"))
    let json = try object(lines(predict(folder.file("set/deep"), "--jsonl").output)[1])
    #expect(json["image"] as? String == strange)
    _ = try folder.write("set/deep/a\nb\u{1B}[2J\u{202E}.png", [])
    let broken = try predict(strange)
    #expect(broken.status == 1 && lines(broken.errors).count == 1)
    #expect(broken.errors.contains("a\\nb\\u{1B}[2J\\u{202E}.png: cannot decode the image"))
  }

  @Test(arguments: [
    ["--json", "--csv"], ["--jsonl", "--json"], ["--top", "0"], ["--workers", "0"],
    ["--input", "x.npy", "--output", "y.npy"],
  ])
  func wrongUsageIsSixtyFour(more: [String]) throws {
    #expect(try Tool.run(arguments([paths[0]] + more), in: folder).status == 64)
  }

  @Test func formatsAreForImages() throws {
    let words = ["--input", "x.npy", "--output", "y.npy"]
    for more in ["--json", "--csv", "--jsonl", "--skip-broken"] {
      #expect(try Tool.run(arguments(words + [more]), in: folder).status == 64)
    }
  }

  @Test func readersMayHaveEnough() throws {
    let pipe = Pipe()
    let process = try Tool.start(
      arguments(["--jsonl"] + Array(repeating: folder.file("set"), count: 60)), in: folder,
      output: pipe.fileHandleForWriting)
    try pipe.fileHandleForWriting.close()
    try pipe.fileHandleForReading.close()
    let result = try Tool.result(of: process, in: folder)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.status): \(result.errors)")
  }

  #if os(Linux)
    @Test func resultsThatCannotBeWrittenAreAnError() throws {
      for format in ["--csv", "--json", "--top=2"] {
        let process = try Tool.start(
          arguments(paths + [format]), in: folder,
          output: try #require(FileHandle(forWritingAtPath: "/dev/full")))
        let result = try Tool.result(of: process, in: folder)
        #expect(result.status == 1)
        #expect(lines(result.errors).count == 1, "\(result.errors)")
        #expect(result.errors.contains("No space left on device"))
      }
    }

    @Test func resultsComeWhileTheListIsWritten() throws {
      let (list, results) = (Pipe(), Pipe())
      let process = try Tool.start(
        arguments(["-", "--jsonl"]), in: folder, input: list.fileHandleForReading,
        output: results.fileHandleForWriting)
      try results.fileHandleForWriting.close()
      for path in paths {
        try list.fileHandleForWriting.write(contentsOf: Data((path + "\n").utf8))
        let line = String(decoding: results.fileHandleForReading.availableData, as: UTF8.self)
        #expect(try object(line)["image"] as? String == path)
      }
      try list.fileHandleForWriting.close()
      #expect(try Tool.result(of: process, in: folder).status == 0)
    }

    @Test func memoryDoesNotGrowWithTheList() throws {
      func peak(_ count: Int) throws -> Int {
        let list = try folder.write(
          "list", Array(String(repeating: paths[1] + "\n", count: count).utf8))
        let process = try Tool.start(
          arguments(["-", "--jsonl"]), in: folder,
          input: try #require(FileHandle(forReadingAtPath: list)))
        var peak = 0
        while process.isRunning {
          // Gone when the process is.
          let status = try? String(
            contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
          let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
          peak = max(peak, Int(line?.filter(\.isNumber) ?? "") ?? 0)
          usleep(2000)
        }
        let result = try Tool.result(of: process, in: folder)
        #expect(result.status == 0 && lines(result.output).count == count, "\(result.errors)")
        return peak << 10
      }
      let (few, many) = (try peak(3000), try peak(17_000))
      // The pixels of the others alone would be 172 MB.
      #expect(few > 0 && many - few < 100_000_000, "\(few), \(many)")
    }
  #endif
}
