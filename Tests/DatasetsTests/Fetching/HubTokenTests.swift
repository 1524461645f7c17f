import Foundation
import FunMatchDatasets
import FunMatchTestSupport
import Testing

/// Where the token of Hugging Face's Hub is from, who is shown it, and what an attempt that failed leaves.
struct HubTokenTests {
  private static let model = "lab/gated"
  private static let secret = "hf_secret"
  private static let files = [
    "config.json": Array(#"{"architecture": "tiny"}"#.utf8),
    "model.safetensors": (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) },
  ]
  private let target: TemporaryFolder

  init() throws { target = try TemporaryFolder() }

  private func fetch(
    _ hub: HubServer, _ variables: [String: String], _ name: String = "hf:\(model)",
    into folder: String = "weights", report: @escaping (String) -> Void = { _ in }
  ) throws -> String {
    try HubModels(
      folder: target.file(folder), environment: hub.environment.merging(variables) { $1 },
      patience: 1, report: report, detail: report
    ).find(HubReference(name))
  }

  private func gated() throws -> HubServer {
    let hub = try HubServer("--token", Self.secret)
    try hub.publish(Self.model, Self.files, gated: true)
    return hub
  }

  /// As huggingface_hub 2.4.0 looks for it: `get_token()` gives the same in each of these cases, `nil` where it gives none.
  @Test(arguments: [
    (["HF_TOKEN": secret], true), (["HF_TOKEN": " \(secret)\r\n"], true),
    (["HUGGING_FACE_HUB_TOKEN": secret], true),
    (["HF_TOKEN": "hf_other", "HUGGING_FACE_HUB_TOKEN": secret], false),
    (["HF_TOKEN": "hf_other", "HF_TOKEN_PATH": "good"], false),
    (["HF_TOKEN_PATH": "good"], true), (["HF_TOKEN": " ", "HF_TOKEN_PATH": "good"], true),
    (["HF_TOKEN_PATH": "blank"], false), (["HF_TOKEN_PATH": "nowhere"], false),
    (["HF_TOKEN_PATH": "", "HF_HOME": "home"], true),
    (["HF_TOKEN_PATH": "", "XDG_CACHE_HOME": "cache"], true),
    (["HF_TOKEN_PATH": "blank", "HF_HOME": "home"], false),
    (["HF_TOKEN": secret, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "YES"], false),
  ])
  func itIsFoundWhereHuggingFacesProgramsFindIt(
    variables: [String: String], isFound: Bool
  ) throws {
    for folder in ["home", "cache/huggingface"] {
      try FileManager.default.createDirectory(
        atPath: target.file(folder), withIntermediateDirectories: true)
      _ = try target.write(folder + "/token", Array(Self.secret.utf8))
    }
    _ = try target.write("good", Array("\(Self.secret)\n".utf8))
    _ = try target.write("blank", Array(" \n".utf8))
    let paths = ["HF_TOKEN_PATH", "HF_HOME", "XDG_CACHE_HOME"]
    let own = Dictionary(
      uniqueKeysWithValues: variables.map { name, value in
        (name, paths.contains(name) && !value.isEmpty ? target.file(value) : value)
      })
    let hub = try gated()
    let error = message { _ = try fetch(hub, own) }
    #expect((error == nil) == isFound, "\(error ?? "fetched")")
    #expect(
      hub.server.requests.contains { $0.hasSuffix(" bearer") }
        == (error?.contains("may not read it") ?? true))
  }

  /// What is said of a refusal names the place of the token, and never the token.
  @Test func aRefusalNamesThePlaceAndNotTheToken() throws {
    let hub = try gated()
    let path = try target.write("token", Array("hf_stale".utf8))
    for (variables, words) in [
      (["HF_TOKEN": "hf_stale"], "the token in HF_TOKEN may not read it"),
      (["HUGGING_FACE_HUB_TOKEN": "hf_stale"], "the token in HUGGING_FACE_HUB_TOKEN may not"),
      (["HF_TOKEN_PATH": path], "the token in the file \(path) may not read it"),
      (["HF_TOKEN_PATH": "/no/token"], "HF_TOKEN holds no token, nor does the file /no/token"),
      (["HF_TOKEN_PATH": target.path], "the file of the token cannot be read: "),
      (
        ["HF_TOKEN": "hf_stale", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"],
        "since HF_HUB_DISABLE_IMPLICIT_TOKEN is set"
      ),
    ] {
      var said: [String] = []
      let error = message { _ = try fetch(hub, variables) { said.append($0) } } ?? ""
      #expect(error.contains(words), "\(error)")
      #expect(!(said + [error]).joined().contains("hf_stale"))
    }
    for text in ["a b", String(repeating: "a", count: 2000), "a\nb", "ä", "\"x"] {
      let file = try target.write("wrong", Array(text.utf8))
      for (variables, place) in [(["HF_TOKEN": text], "HF_TOKEN"), (["HF_TOKEN_PATH": file], file)]
      {
        let error = message { _ = try fetch(hub, variables) } ?? ""
        #expect(error.hasPrefix("\(place) is no token: ") && !error.contains(text), "\(error)")
      }
    }
  }

  /// 0.0.0.0 leads to this machine, which cannot be known by its name.
  @Test func itIsNotSentWhereOthersCanReadIt() throws {
    let hub = try gated()
    let address = hub.server.address.replacing("127.0.0.1", with: "0.0.0.0")
    let error =
      message { _ = try fetch(hub, ["HF_ENDPOINT": address, "HF_TOKEN": Self.secret]) } ?? ""
    #expect(error.contains("the token in HF_TOKEN is not sent over http"), "\(error)")
    #expect(hub.server.requests.count == 1 && hub.server.requests[0].hasSuffix(" -"))
  }

  /// A token of a file is kept from other servers like that of a variable.
  @Test func otherServersAreNotShownIt() throws {
    let elsewhere = try HubServer()
    let hub = try HubServer("--token", Self.secret, "--lead-to", elsewhere.server.address)
    for hub in [hub, elsewhere] { try hub.publish(Self.model, Self.files, gated: true) }
    let path = try target.write("token", Array(Self.secret.utf8))
    _ = try fetch(hub, ["HF_TOKEN_PATH": path])
    #expect(hub.server.requests.allSatisfy { $0.hasSuffix(" bearer") })
    #expect(elsewhere.server.requests.count == 2)
    #expect(elsewhere.server.requests.allSatisfy { $0.hasSuffix(" -") })
  }

  @Test(arguments: ["hf:", "hf-hub:", "hf_hub:"])
  func timmsSpellingIsTaken(scheme: String) throws {
    #expect(HubReference.isMeant(by: scheme + Self.model))
    let reference = try HubReference(scheme + Self.model + "@v1")
    #expect(reference.description == "hf:\(Self.model)@v1" && reference.revision == "v1")
    let hub = try HubServer()
    try hub.publish(Self.model, Self.files)
    #expect(
      try fetch(hub, [:], scheme + Self.model) == target.file("weights/lab--gated"))
    #expect(!HubReference.isMeant(by: "hf-hub/\(Self.model)"))
  }

  @Test(arguments: ["offline", "refused", "unknown", "empty", "lost", "gated"])
  func whatFailedLeavesNothing(why: String) throws {
    let hub = try HubServer(options: why == "refused" ? ["--deny", "403"] : [])
    var files = Self.files
    if why == "empty" { files = ["README.md": [35]] }
    try hub.publish(why == "unknown" ? "lab/other" : Self.model, files, gated: why == "gated")
    if why == "lost" {
      for name in Self.files.keys {
        try hub.server.forget("\(Self.model)/resolve/\(HubServer.commit)/\(name)")
      }
    }
    let variables = why == "offline" ? ["HF_HUB_OFFLINE": "1"] : [:]
    for folder in ["weights", "a/b/weights"] {
      #expect(message { _ = try fetch(hub, variables, into: folder) } != nil)
      #expect(try target.contents.isEmpty)
    }
    // A folder that was there stays, and so does what is in it.
    try FileManager.default.createDirectory(
      atPath: target.file("weights"), withIntermediateDirectories: true)
    #expect(message { _ = try fetch(hub, variables) } != nil)
    #expect(message { _ = try fetch(hub, variables, into: "weights/more") } != nil)
    #expect(try target.contents == ["weights"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: target.file("weights")).isEmpty)
  }
}
