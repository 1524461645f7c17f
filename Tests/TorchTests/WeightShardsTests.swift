import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Weights in several files, with an index as Hugging Face writes it.
struct WeightShardsTests {
  private let folder: TemporaryFolder
  private let path: String

  /// Two shards, of which the second holds two tensors.
  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("model.safetensors.index.json")
    try write(shard: "1.safetensors", ["a"])
    try write(shard: "2.safetensors", ["b", "c"])
  }

  private func write(shard: String, _ names: [String]) throws {
    let tensors = names.map { (name: $0, tensor: Tensor.ones([2]) * Double($0.utf8.first ?? 0)) }
    try Safetensors.write(tensors, metadata: ["format": "pt"], to: folder.file(shard))
  }

  private func index(_ map: String) throws {
    let text = #"{"metadata": {"total_size": 24}, "weight_map": {\#(map)}}"#
    _ = try folder.write("model.safetensors.index.json", Array(text.utf8))
  }

  private let whole = #""a": "1.safetensors", "b": "2.safetensors", "c": "2.safetensors""#

  @Test func shardsAreOneSetOfTensors() throws {
    try index(whole)
    #expect(try WeightFormat(of: path) == .shards)
    let shards = try WeightShards(path)
    #expect(shards.shards == [folder.file("1.safetensors"), folder.file("2.safetensors")])
    let tensors = try shards.readAll()
    #expect(tensors.map(\.name) == ["a", "b", "c"])
    for (name, tensor) in tensors {
      #expect(
        tensor.array(as: Float.self) == [Float](repeating: Float(name.utf8.first ?? 0), count: 2))
    }
  }

  @Test func shardsMayBeOfPyTorch() throws {
    _ = try folder.write("state.bin", Fixture.bytes("checkpoint.pth"))
    let names = try PyTorchFile(Fixture.path("checkpoint.pth")).names
    try index(
      (["\"a\": \"1.safetensors\""] + names.map { "\"\($0)\": \"state.bin\"" })
        .joined(separator: ", "))
    #expect(try WeightShards(path).readAll().map(\.name) == ["a"] + names)
  }

  @Test(arguments: [
    (#""a": "1.safetensors", "b": "3.safetensors""#, "the shard '3.safetensors' is missing"),
    (
      #""a": "1.safetensors", "b": "1.safetensors""#,
      "tensor 'b' is not in '1.safetensors' as listed, but in no shard"
    ),
    (
      #""a": "2.safetensors", "b": "1.safetensors", "c": "2.safetensors""#,
      "tensor 'a' is not in '2.safetensors' as listed, but in '1.safetensors'"
    ),
    (
      #""a": "1.safetensors", "b": "2.safetensors""#,
      "does not list tensor 'c', which is in '2.safetensors'"
    ),
    (
      #""a": "1.safetensors", "b": "2.safetensors", "c": "2.safetensors", "a": "2.safetensors""#,
      "names 'a' twice"
    ),
    (#""a": "../1.safetensors""#, "'../1.safetensors', expected a file in the folder"),
    (#""a": "/etc/passwd""#, "expected a file in the folder"),
    (#""a": "x/../../1.safetensors""#, "expected a file in the folder"),
    (#""a": """#, "expected a file in the folder"),
    (#""a": ".""#, "expected a file in the folder"),
    (#""a": 1"#, "is no index of shards"),
    ("", "is no index of shards"),
    (#""a": "model.safetensors.index.json""#, "expected a .safetensors or PyTorch file"),
  ])
  func whatDoesNotAgreeIsRefused(map: String, words: String) throws {
    try index(map)
    let text = try #require(message { _ = try WeightShards(path) })
    #expect(text.contains(words) && text.contains(folder.path), "\(text)")
  }

  @Test func aTensorInTwoShardsIsRefused() throws {
    try write(shard: "2.safetensors", ["a", "b", "c"])
    try index(whole)
    let text = message { _ = try WeightShards(path) }
    #expect(
      text?.contains("tensor 'a' is in two shards, '1.safetensors' and '2.safetensors'") == true)
  }

  @Test func otherJSONIsNoIndex() throws {
    for text in [#"{"architecture": "resnet18"}"#, "{", #"{"weight_map": ["a"]}"#] {
      let path = try folder.write("x.json", Array(text.utf8))
      #expect(message { _ = try WeightShards(path) }?.contains("is no index of shards") == true)
    }
  }
}
