import Foundation
import FunMatchFiles
import FunMatchTestSupport
import Testing

struct JSONTextTests {
  private struct Kept: Codable, Equatable {
    var step = 12_500
    var names = ["a", "\"b\""]
    var scores: [String: Double] = ["top1": 0.5, "kl": 0.25]
  }

  /// Whatever bit is wrong, and wherever the file is cut.
  @Test func aFileThatIsNotWhatWasWrittenIsNotRead() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("k.json")
    try JSONText.write(Kept(), to: path)
    #expect(JSONText.read(path, as: Kept.self) == Kept())
    let bytes = try folder.bytes("k.json")
    for (index, bit) in (0..<bytes.count).map({ ($0, UInt8(1 << ($0 % 7))) }) {
      var damaged = bytes
      damaged[index] ^= bit
      _ = try folder.write("k.json", damaged)
      // What is damaged may be the checksum's own name, which harms nothing.
      let read = JSONText.read(path, as: Kept.self)
      #expect(read == nil || read == Kept(), "byte \(index)")
    }
    for count in 0..<bytes.count {
      _ = try folder.write("k.json", Array(bytes.prefix(count)))
      #expect(JSONText.read(path, as: Kept.self) == nil)
    }
  }

  @Test func filesWithoutAChecksumAreRead() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("k.json", Array(JSONText.pretty(Kept())))
    #expect(JSONText.read(path, as: Kept.self) == Kept())
    // Maps, which have no keys but their own, and what is no object.
    try JSONText.write(Kept().scores, to: path)
    #expect(JSONText.read(path, as: [String: Double].self) == Kept().scores)
    try JSONText.write(Kept().names, to: path)
    #expect(JSONText.read(path, as: [String].self) == Kept().names)
    try JSONText.write([String: Double](), to: path)
    #expect(JSONText.read(path, as: [String: Double].self) == [:])
  }
}
