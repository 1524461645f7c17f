import FunMatchNN
import FunMatchTorch

/// The layers of a `MobilePlan`, under timm's names: `conv_stem`, `bn1`, `blocks.STAGE.BLOCK`.
struct MobileBody: Layer {
  private let stem: ConvNorm
  private let blocks: [InvertedResidual]

  init(_ root: Path, _ plan: MobilePlan, _ style: MobileStyle, _ activation: Activation) {
    stem = ConvNorm(
      root, ("conv_stem", "bn1"), 3, plan.stem, kernel: 3, stride: 2, style, activation)
    blocks = plan.stages.enumerated().flatMap { index, stage in
      stage.enumerated().map { number, block in
        InvertedResidual(root / "blocks" / index / number, block, style)
      }
    }
  }

  /// Images (N, 3, H, W) to (N, C, ⌈H / 32⌉, ⌈W / 32⌉).
  func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S {
    var y = stem(x, mode)
    for block in blocks { y = block(y, mode) }
    return y
  }
}
