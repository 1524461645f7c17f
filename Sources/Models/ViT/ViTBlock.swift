import FunMatchNN
import FunMatchTorch

/// A pre-norm transformer block: attention of all tokens to all, then two layers for each by itself.
struct ViTBlock: Layer {
  private let norm1, norm2: LayerNorm
  private let qkv, projection, fc1, fc2: Linear
  private let heads: Int

  init(_ path: Path, _ width: Int, heads: Int) {
    func linear(_ path: Path, _ input: Int, _ output: Int) -> Linear {
      Linear(path, input, output, .kernel, .normal(0.02))
    }
    norm1 = LayerNorm(path / "norm1", width)
    qkv = linear(path / "attn" / "qkv", width, 3 * width)
    projection = linear(path / "attn" / "proj", width, width)
    norm2 = LayerNorm(path / "norm2", width)
    fc1 = linear(path / "mlp" / "fc1", width, 4 * width)
    fc2 = linear(path / "mlp" / "fc2", 4 * width, width)
    self.heads = heads
  }

  /// (N, T, C) to the same shape.
  func callAsFunction<S: Signal>(_ x: S, _ mode: Mode) -> S {
    let y = x + projection(qkv(norm1(x, mode), mode).attended(heads: heads), mode)
    return y + fc2(Activation.gelu(fc1(norm2(y, mode), mode)), mode)
  }
}
