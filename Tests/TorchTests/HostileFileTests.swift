import FunMatchFiles
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Damaged files end in an error or in tensors, never in a crash or in an error of another kind.
@Suite struct HostileFileTests {
  @Test(arguments: FileFormat.allCases)
  func truncationAtEveryByte(format: FileFormat) throws {
    let folder = try TemporaryFolder()
    let bytes = try Fixture.bytes(format.rawValue)
    #expect(try !format.read(try folder.write("x", bytes)).isEmpty)
    for count in 0..<bytes.count {
      let path = try folder.write("x", Array(bytes.prefix(count)))
      let text = message { _ = try format.read(path) }
      #expect(text?.contains(path) == true, "\(count) bytes: \(text ?? "no error")")
    }
    let longer = try folder.write("x", bytes + [0])
    if !format.isZip {
      #expect(message { _ = try format.read(longer) }?.contains(longer) == true)
    }
  }

  @Test(arguments: FileFormat.allCases)
  func randomDamage(format: FileFormat) throws {
    let folder = try TemporaryFolder()
    let bytes = try Fixture.bytes(format.rawValue)
    var mutations = Mutations(seed: 1)
    var (errors, tensors) = (0, 0)
    for round in 0..<2500 {
      let path = try folder.write("x", mutations.damaged(bytes))
      do {
        for tensor in try format.read(path) {
          #expect(tensor.bytes.count == tensor.count * tensor.dtype.size)
          tensors += 1
        }
      } catch {
        errors += 1
        let text = (error as? FileError)?.description
        #expect(text?.contains(path) == true, "round \(round): \(error)")
      }
    }
    // The damage is neither so slight that nothing is refused nor so heavy that nothing passes.
    #expect(errors > 500)
    #expect(tensors > 0)
  }
}
