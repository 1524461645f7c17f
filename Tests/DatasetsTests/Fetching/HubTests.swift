import Foundation
import FunMatchDatasets
import FunMatchTestSupport
import Testing

/// Models of Hugging Face, from a server on this machine.
struct HubTests {
  static let model = "timm/tiny.a1_in1k"
  static let config = Array(#"{"architecture": "tiny"}"#.utf8)
  static let weights = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
  static let files = [
    "config.json": config, "model.safetensors": weights, "pytorch_model.bin": [1, 2, 3],
    "README.md": Array("# Tiny".utf8),
  ]
  private let target: TemporaryFolder

  init() throws { target = try TemporaryFolder() }

  private func models(
    _ hub: HubServer, _ more: [String: String] = [:], patience: Int = 30,
    report: @escaping (String) -> Void = { _ in }
  ) -> HubModels {
    HubModels(
      folder: target.file("weights"), environment: hub.environment.merging(more) { $1 },
      patience: patience, report: report)
  }

  private func reference(_ more: String = "") throws -> HubReference {
    try HubReference("hf:\(Self.model)\(more)")
  }

  private var contents: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: target.file("weights")).sorted()) ?? []
  }

  private func files(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  private func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  @Test func configAndWeightsArriveAndAreNotFetchedTwice() throws {
    let hub = try HubServer()
    try hub.publish(Self.model, Self.files)
    var lines: [String] = []
    let models = models(hub) { lines.append($0) }
    #expect(try models.local(reference()) == nil)
    let folder = try models.find(reference())
    #expect(folder == target.file("weights/timm--tiny.a1_in1k"))
    #expect(try files(folder) == ["config.json", "hub.json", "model.safetensors"])
    #expect(try bytes(folder + "/config.json") == Self.config)
    #expect(try bytes(folder + "/model.safetensors") == Self.weights)
    #expect(contents == ["timm--tiny.a1_in1k"])
    #expect(lines.count == 1 && lines[0].contains("2 files of 200024 bytes"), "\(lines)")
    #expect(try models.find(reference()) == folder)
    #expect(try models.local(reference()) == folder)
    #expect(hub.server.requests.count == 3 && lines.count == 1)
    #expect(try models.fetch(reference()) == folder)
    #expect(lines.last == "hf:timm/tiny.a1_in1k: already here")
    #expect(hub.server.requests.count == 4)
  }

  @Test func aRevisionHasItsOwnFolder() throws {
    let hub = try HubServer()
    try hub.publish(Self.model, Self.files, revision: "refs/pr/1")
    let folder = try models(hub).find(reference("@refs/pr/1"))
    #expect(folder.hasSuffix("/timm--tiny.a1_in1k@refs--pr--1"))
    #expect(hub.server.requests.first?.contains("/revision/refs%2Fpr%2F1?") == true)
    #expect(try models(hub).local(reference()) == nil)
  }

  @Test func pyTorchsFileIsTakenWhereThereIsNoOther() throws {
    let hub = try HubServer()
    try hub.publish(Self.model, ["pytorch_model.bin": Self.weights])
    #expect(try files(models(hub).find(reference())) == ["hub.json", "pytorch_model.bin"])
    try hub.publish("a/b", ["README.md": [35], "onnx/model.onnx": [8]])
    let error = message { _ = try models(hub).find(HubReference("hf:a/b")) } ?? ""
    #expect(error.contains("hf:a/b: has none of model.safetensors"), "\(error)")
    #expect(error.contains("it holds README.md, onnx/model.onnx"), "\(error)")
  }

  private static func index(_ shards: String...) -> [UInt8] {
    let map = shards.enumerated().map { #""layer\#($0).weight": "\#($1)""# }
    return Array("{\"weight_map\": {\(map.joined(separator: ", "))}}".utf8)
  }

  @Test func shardsComeWithTheirIndex() throws {
    let hub = try HubServer()
    let shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    try hub.publish(
      Self.model,
      [
        "model.safetensors.index.json": Self.index(shards[0], shards[1], shards[0]),
        shards[0]: Self.weights, shards[1]: [1], "extra.safetensors": [2],
      ])
    let folder = try models(hub).find(reference())
    #expect(try files(folder) == ["hub.json"] + shards + ["model.safetensors.index.json"])
    #expect(try bytes(folder + "/" + shards[0]) == Self.weights)
  }

  @Test(arguments: ["../../evil", "/tmp/evil", "sub/evil", ".evil", "missing.safetensors"])
  func namesThatLeadElsewhereAreRefused(shard: String) throws {
    let hub = try HubServer()
    try hub.publish(
      Self.model, ["model.safetensors.index.json": Self.index(shard), "x": [1]])
    let error = message { _ = try models(hub).find(reference()) } ?? ""
    #expect(error.contains("the shard '\(shard)'"), "\(error)")
    #expect(!contents.contains("timm--tiny.a1_in1k"))
    #expect(hub.server.requests.count == 2)
  }

  @Test func aBrokenTransferGoesOnWhereItStopped() throws {
    let hub = try HubServer("--break-after", "100000", "--only", "model.safetensors")
    try hub.publish(Self.model, Self.files)
    let folder = try models(hub).find(reference())
    #expect(try bytes(folder + "/model.safetensors") == Self.weights)
    #expect(
      hub.requests(of: "model.safetensors").map { $0.split(separator: " ")[1] }
        == ["-", "bytes=100000-"])
  }

  /// And the branch moves meanwhile: nothing of the earlier commit is mixed in.
  @Test(arguments: [false, true])
  func anEarlierAttemptIsTakenUp(moves: Bool) throws {
    let hub = try HubServer("--hold", "1000", "--only", "model.safetensors")
    try hub.publish(Self.model, Self.files)
    var error = ""
    // On a busy machine the first bytes may take longer than a second.
    let part = target.file("weights/.timm--tiny.a1_in1k.part/model.safetensors.part")
    for patience in [1, 10, 100] where (try? bytes(part).count) != 1000 {
      error = message { _ = try models(hub, patience: patience).find(reference()) } ?? ""
    }
    #expect(error.contains("cannot fetch http://127.0.0.1"), "\(error)")
    #expect(try models(hub).local(reference()) == nil)
    var files = Self.files
    if moves {
      files["config.json"] = Self.config.map { $0 == UInt8(ascii: "t") ? UInt8(ascii: "T") : $0 }
      files["model.safetensors"] = Self.weights.reversed()
      try hub.publish(Self.model, files, commit: "2222222222222222222222222222222222222222")
    }
    try hub.server.serve([], as: "go")
    let folder = try models(hub).find(reference())
    for name in ["config.json", "model.safetensors"] {
      #expect(try bytes(folder + "/" + name) == files[name])
    }
    #expect(
      hub.requests(of: "model.safetensors").last?.hasSuffix(moves ? " -" : " bytes=1000-") == true)
    #expect(contents == ["timm--tiny.a1_in1k"])
  }

  /// What a server gives in place of the weights, and the words that tell of it.
  struct Wrong: CustomTestStringConvertible {
    let words: String
    let bytes: [UInt8]
    var testDescription: String { words }

    init(_ words: String, _ bytes: [UInt8]) { (self.words, self.bytes) = (words, bytes) }
    init(_ words: String, _ text: String) { self.init(words, Array(text.utf8)) }
  }

  @Test(arguments: [
    Wrong("is a web page (HTML)", "<!DOCTYPE html><html>Please log in</html>"),
    Wrong(
      "is a Git LFS pointer",
      "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 200000\n"),
    Wrong("is a document in JSON", #"{"error": "Entry not found"}"#),
    Wrong("199999 bytes, expected 200000", weights.dropLast()),
    Wrong("a file with SHA-256", weights.reversed()),
    Wrong("more than the expected 200000", weights + [1]),
  ])
  func weightsThatAreNotThoseAreRefused(wrong: Wrong) throws {
    let hub = try HubServer()
    var files = Self.files
    files["model.safetensors"] = wrong.bytes
    try hub.publish(Self.model, files, listed: Self.files)
    let error = message { _ = try models(hub).find(reference()) } ?? ""
    #expect(error.contains("model.safetensors") && error.contains(wrong.words), "\(error)")
    #expect(try models(hub).local(reference()) == nil)
    try hub.publish(Self.model, Self.files)
    let folder = try models(hub).find(reference())
    #expect(try bytes(folder + "/model.safetensors") == Self.weights)
  }

  @Test func aPageInPlaceOfTheListIsNamed() throws {
    let hub = try HubServer()
    try hub.server.serve(
      Array("<html>Log in to the network</html>".utf8), as: "api/models/\(Self.model)/revision/main"
    )
    let error = message { _ = try models(hub).find(reference()) } ?? ""
    #expect(error.contains("/revision/main: gave what is a web page (HTML)"), "\(error)")
    #expect(contents.isEmpty)
  }

  @Test(arguments: [
    (401, "HF_TOKEN holds no token"), (403, "private or gated"),
    (404, "has no model timm/tiny.a1_in1k, or no revision 'v2' of it (status 404)"),
  ])
  func whatTheHubRefusesIsTold(status: Int, words: String) throws {
    let hub = try HubServer("--deny", "\(status)")
    let error = message { _ = try models(hub).find(reference("@v2")) } ?? ""
    #expect(error.hasPrefix("hf:timm/tiny.a1_in1k@v2: ") && error.contains(words), "\(error)")
    #expect(hub.server.requests.count == 1 && contents.isEmpty)
  }

  /// And no other server is shown it; what an address is signed with is not printed.
  @Test func theTokenIsForTheHubAlone() throws {
    let elsewhere = try HubServer()
    let hub = try HubServer("--token", "hf_secret", "--lead-to", elsewhere.server.address)
    for hub in [hub, elsewhere] { try hub.publish(Self.model, Self.files, gated: true) }
    let without = message { _ = try models(hub).find(reference()) } ?? ""
    #expect(without.contains("HF_TOKEN holds no token"), "\(without)")
    let wrong = message { _ = try models(hub, ["HF_TOKEN": "a b"]).find(reference()) } ?? ""
    #expect(wrong.contains("HF_TOKEN is no token") && !wrong.contains("a b"), "\(wrong)")
    let folder = try models(hub, ["HF_TOKEN": "hf_secret"]).find(reference())
    #expect(try bytes(folder + "/model.safetensors") == Self.weights)
    #expect(hub.server.requests.filter { $0.hasSuffix(" bearer") }.count == 3)
    #expect(
      elsewhere.server.requests.map { $0.split(separator: "/").last }
        == ["config.json?signature=secret -", "model.safetensors?signature=secret -"])
  }

  @Test func termsOfAGatedModelAreToldBeforeAnythingIsFetched() throws {
    let hub = try HubServer()
    try hub.publish(Self.model, Self.files, gated: true)
    let error = message { _ = try models(hub).find(reference()) } ?? ""
    #expect(error.contains("is gated: accept its terms at \(hub.server.address)/timm/"), "\(error)")
    #expect(hub.server.requests.count == 1)
  }

  @Test(arguments: [true, false])
  func offlineTheFolderIsNamed(isSaid: Bool) throws {
    let hub = try HubServer()
    try hub.publish(Self.model, Self.files)
    if !isSaid { hub.server.stop() }
    let models = models(hub, isSaid ? ["HF_HUB_OFFLINE": "1"] : [:], patience: 1)
    let folder = target.file("weights/timm--tiny.a1_in1k")
    let error = message { _ = try models.find(reference()) } ?? ""
    #expect(error.contains(isSaid ? "HF_HUB_OFFLINE is set" : "cannot be reached"), "\(error)")
    #expect(error.contains("put config.json and model.safetensors"), "\(error)")
    #expect(error.hasSuffix("/timm/tiny.a1_in1k into the folder \(folder)"), "\(error)")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    _ = try target.write("weights/timm--tiny.a1_in1k/model.safetensors", Self.weights)
    #expect(try models.find(reference()) == folder)
    #expect(try models.fetch(reference()) == folder)
  }

  /// As `from_pretrained` of others leaves them: links to blobs, under the commit that a branch was at.
  @Test func whatHuggingFacesProgramsKeepIsTaken() throws {
    let hub = try HubServer()
    let commit = "1111111111111111111111111111111111111111"
    try hub.publish(Self.model, Self.files)
    let own = "hub/models--timm--tiny.a1_in1k"
    for folder in ["blobs", "refs", "snapshots/" + commit] {
      try FileManager.default.createDirectory(
        atPath: target.file("\(own)/\(folder)"), withIntermediateDirectories: true)
    }
    _ = try target.write(own + "/refs/main", Array(commit.utf8))
    let snapshot = target.file("\(own)/snapshots/\(commit)")
    func keep(_ name: String) throws {
      _ = try target.write(own + "/blobs/" + name, Self.files[name] ?? [])
      try FileManager.default.createSymbolicLink(
        atPath: snapshot + "/" + name, withDestinationPath: "../../blobs/" + name)
    }
    let home = ["HF_HUB_CACHE": "", "HF_HOME": target.path]
    try keep("model.safetensors")
    // Without what tells how images are prepared only where no more can be had.
    #expect(try models(hub, home).local(reference()) == nil)
    let offline = home.merging(["HF_HUB_OFFLINE": "ON"]) { $1 }
    #expect(try models(hub, offline).find(reference()) == snapshot)
    try keep("config.json")
    for (variables, revision) in [(home, ""), (offline, ""), (home, "@" + commit)] {
      #expect(try models(hub, variables).find(reference(revision)) == snapshot)
    }
    #expect(hub.server.requests.isEmpty)
    #expect(try models(hub, home).fetch(reference()) == snapshot)
    try FileManager.default.removeItem(atPath: target.file(own + "/blobs/model.safetensors"))
    #expect(try models(hub, home).find(reference()) == target.file("weights/timm--tiny.a1_in1k"))
  }

  @Test func whatIsHereIsNeverReplaced() throws {
    let hub = try HubServer()
    try hub.publish(Self.model, Self.files)
    var lines: [String] = []
    let models = models(hub) { lines.append($0) }
    let folder = try models.fetch(reference())
    var newer = Self.files
    newer["model.safetensors"] = Self.weights.reversed()
    try hub.publish(Self.model, newer, commit: "2222222222222222222222222222222222222222")
    #expect(try models.fetch(reference()) == folder)
    #expect(lines.last?.contains("of commit 111111111111; ") == true, "\(lines)")
    #expect(lines.last?.contains("fetch hf:timm/tiny.a1_in1k@222222222222") == true, "\(lines)")
    #expect(try bytes(folder + "/model.safetensors") == Self.weights)
    try Data(Self.weights.dropLast()).write(to: URL(fileURLWithPath: folder + "/model.safetensors"))
    let error = message { _ = try models.fetch(reference()) } ?? ""
    #expect(error.contains("model.safetensors: is missing, or no longer what was"), "\(error)")
    // Put there by hand, it has to be what the Hub has.
    try FileManager.default.removeItem(atPath: folder + "/hub.json")
    let other = message { _ = try models.fetch(reference()) } ?? ""
    #expect(other.contains("model.safetensors: is not the file that"), "\(other)")
    try Data(Self.weights.reversed()).write(to: URL(fileURLWithPath: folder + "/model.safetensors"))
    #expect(try models.fetch(reference()) == folder)
    #expect(lines.last?.contains("already here, as http://127.0.0.1") == true, "\(lines)")
  }

  @Test func oneOfSeveralAtOnceFetchesAndTheOthersWait() throws {
    let hub = try HubServer("--hold", "1000", "--only", "model.safetensors")
    try hub.publish(Self.model, Self.files)
    let (group, found) = (DispatchGroup(), Found())
    for _ in 0..<3 {
      let models = HubModels(
        folder: target.file("weights"), environment: hub.environment, patience: 3600)
      nonisolated(unsafe) let own = models
      DispatchQueue.global().async(group: group) {
        if let folder = try? own.find(HubReference("hf:\(Self.model)")) { found.add(folder) }
      }
    }
    while hub.requests(of: "model.safetensors").isEmpty { usleep(20_000) }
    try hub.server.serve([], as: "go")
    group.wait()
    #expect(found.all == Array(repeating: target.file("weights/timm--tiny.a1_in1k"), count: 3))
    #expect(hub.server.requests.count == 3)
    #expect(contents == ["timm--tiny.a1_in1k"])
  }

  private final class Found: @unchecked Sendable {
    private let lock = NSLock()
    private var folders: [String] = []
    func add(_ folder: String) { lock.withLock { folders.append(folder) } }
    var all: [String] { lock.withLock { folders } }
  }

  @Test(arguments: [
    "hf:", "hf-hub:", "hf-hub:resnet50", "hf:resnet50", "hf:a/b/c", "hf:../b", "hf:a/..", "hf:a/b@",
    "hf:a/b@../c", "hf:a/b c",
    "hf:a/-b", "hf:a//b@x", "hf:/a", "hf:datasets/a/b", "ö/b",
  ])
  func otherNamesAreRefused(name: String) throws {
    let error = message { _ = try HubReference(name) } ?? ""
    #expect(error.hasPrefix("'\(name)': expected hf:OWNER/NAME or hf:OWNER/NAME@REVISION"))
    #expect(error.contains("data sets and spaces") == name.contains("datasets"))
  }
}
