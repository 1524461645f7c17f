import FunMatchTestSupport
import FunMatchTorch
import Testing

struct WeightFormatTests {
  /// The first byte is the low one of the header's length, which may look like a pickle's.
  @Test func safetensorsAreKnownWhateverTheLengthOfTheirHeader() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("x.bin")
    var lengths: Set<UInt8> = []
    for size in 0..<300 {
      try Safetensors.write(
        [("x", Tensor.ones([1]))], metadata: ["k": String(repeating: "a", count: size)], to: path)
      lengths.insert(try folder.bytes("x.bin")[0])
      #expect(try WeightFormat(of: path) == .safetensors, "\(size)")
    }
    #expect(lengths.contains(0x80))
  }

  @Test func othersAreKnownByTheirBytes() throws {
    let folder = try TemporaryFolder()
    for (name, format) in [
      ("state.pth", WeightFormat.pyTorch), ("state_legacy.pth", .pyTorch),
      ("checkpoint_legacy_5.pth", .pyTorch), ("state.safetensors", .safetensors),
    ] {
      let path = try folder.write("weights", Fixture.bytes(name))
      #expect(try WeightFormat(of: path) == format, "\(name)")
    }
    for text in ["{\"weight_map\": {}}", " \n{\n  \"metadata\": {}}"] {
      let path = try folder.write("index", Array(text.utf8))
      #expect(try WeightFormat(of: path) == .shards)
    }
    for bytes in [[1], Array("version 1".utf8)] as [[UInt8]] {
      let path = try folder.write("other", bytes)
      #expect(message { _ = try WeightFormat(of: path) }?.contains("none of them") == true)
    }
  }
}
