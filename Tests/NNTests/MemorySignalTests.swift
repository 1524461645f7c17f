import FunMatchNN
import FunMatchTorch
import Testing

/// Memory of a pass, counted by hand.
struct MemorySignalTests {
  private let store = ParameterStore(.zeros)

  private func bytes(_ mode: Mode, _ network: (MemorySignal) -> MemorySignal) -> Int {
    MemorySignal.bytes(height: 8, width: 8, mode, network)
  }

  @Test func aPassForItsLogitsHoldsWhatGoesInAndWhatComesOut() {
    let first = Conv2d(store.root / "a", 3, 4, kernel: 3)
    let second = Conv2d(store.root / "b", 4, 2, kernel: 3, stride: 2)
    let mode = Mode.evaluation(.f32)
    let most = bytes(mode) { second(first($0, mode), mode) }
    // 3 and 4 channels of 64 places beside each other are more than 4 of 64 and 2 of 16; the image stays with its owner.
    #expect(most == 4 * (3 * 64 + 4 * 64 + 2 * 16))
    let half = Mode.evaluation(.bf16)
    #expect(bytes(half) { second(first($0, half), half) } == most / 2)
  }

  @Test func trainingKeepsWhatGoesIntoEveryLayer() {
    let layers = (0..<5).map { Conv2d(store.root / "c" / $0, 3, 3, kernel: 3) }
    let mode = Mode.training(.f32)
    let most = bytes(mode) { image in layers.reduce(image) { $1($0, mode) } }
    // What went into all five, and the gradients on both sides of the last.
    #expect(most == 4 * 3 * 64 * (5 + 2))
  }

  @Test func whatSeveralOperatorsKeepIsThereOnce() {
    let norm = GroupNorm(store.root / "n", 3, groups: 1)
    let mode = Mode.training(.f32)
    // The image is kept by both normalisations.
    let most = bytes(mode) { norm($0, mode) + norm($0, mode) }
    let alone = bytes(mode) { norm($0, mode) }
    #expect(most < 2 * alone)
  }
}
