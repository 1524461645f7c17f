import FunMatchModels
import FunMatchNN
import FunMatchTorch

/// A small network that does everything that a network can do, some of it in ways that ask for
/// care: odd sizes, batch normalisations that have no convolution to themselves.
final class Operations: Model {
  static let side = 29

  let store = ParameterStore()
  var input = InputScaling.imageNet
  let classifier: Linear
  private let stem, depthwise, reduce, expand, shared, patch: Conv2d
  private let stemNorm, depthwiseNorm, poolNorm, sharedNorm: BatchNorm2d
  private let standardized: StandardizedConv2d
  private let groups: GroupNorm
  private let layer: LayerNorm
  private let queries, projection: Linear
  private let first, positions: Parameter

  init() {
    let root = store.root
    stem = Conv2d(root / "stem", 3, 8, kernel: 3, stride: 2, padding: .same, bias: true)
    stemNorm = BatchNorm2d(root / "stem_norm", 8, epsilon: 1e-3)
    depthwise = Conv2d(
      root / "depthwise", 8, 8, kernel: 5, stride: 2, groups: 8, padding: .same)
    depthwiseNorm = BatchNorm2d(root / "depthwise_norm", 8)
    reduce = Conv2d(root / "gate" / "reduce", 8, 4, kernel: 1, bias: true)
    expand = Conv2d(root / "gate" / "expand", 4, 8, kernel: 1, bias: true)
    standardized = StandardizedConv2d(root / "standardized", 8, 16, kernel: 3, epsilon: 1e-8)
    groups = GroupNorm(root / "groups", 16, groups: 4, relu: true)
    poolNorm = BatchNorm2d(root / "pool_norm", 16)
    shared = Conv2d(root / "shared", 16, 16, kernel: 3)
    sharedNorm = BatchNorm2d(root / "shared_norm", 16)
    patch = Conv2d(root / "patch", 16, 16, kernel: 2, stride: 2, padding: .zeros(0), bias: true)
    first = root.parameter("first", [1, 1, 16], .vector, .normal(1))
    positions = root.parameter("positions", [1, 5, 16], .vector, .normal(1))
    layer = LayerNorm(root / "layer", 16)
    queries = Linear(root / "attention" / "qkv", 16, 48)
    projection = Linear(root / "attention" / "proj", 16, 16)
    classifier = Linear(root / "head", 16, 7, .headKernel)
    for parameter in store.all {
      switch parameter.kind {
      case .vector: parameter.value.copy(from: .randn(parameter.value.shape))
      case .buffer: parameter.value.copy(from: .rand(parameter.value.shape) + 0.2)
      default: break
      }
    }
  }

  func features<S: Signal>(_ images: S, _ mode: Mode) -> S {
    var x = Activation.relu6(stemNorm(stem(images, mode), mode))
    x = Activation.hardSwish(depthwiseNorm(depthwise(x, mode), mode))
    let gate = expand(Activation.relu(reduce(x.spatialMean(keepsSides: true), mode)), mode)
    x = x * Activation.hardSigmoid(gate)
    x = groups(standardized(x, mode), mode)
    let negative = poolNorm(x, mode)
    x =
      negative.maxPooled(kernel: 3, stride: 2, padding: 1, withZeros: true)
      + negative.maxPooled(kernel: 3, stride: 2, padding: 1, withZeros: false)
    let y = shared(x, mode)
    x = Activation.gelu(sharedNorm(y, mode) + y)
    // One kernel, used twice.
    let z = sharedNorm(shared(x, mode), mode)
    var t = patch(z, mode).tokens().prepending(first).adding(positions)
    t = t + projection(queries(layer(t, mode), mode).attended(heads: 4), mode)
    return t.token(0) + t.tokenMean(from: 1) + t.tokenMean(from: 0)
      + z.spatialMean(keepsSides: false)
  }
}
