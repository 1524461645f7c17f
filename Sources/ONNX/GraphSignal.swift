import FunMatchModels
import FunMatchNN
import FunMatchTorch

/// Values of an ONNX graph that flow through a network in place of tensors: what a layer would
/// compute is appended to the graph as nodes.
///
/// Nodes are named by their layers, and what has no name of its own by what it is done to. Sizes
/// are known, except how many images there are, so that TensorFlow's padding is written as numbers.
struct GraphSignal: Signal {
  /// The value's name.
  let value: String
  /// Its shape for one image.
  let shape: [Int]
  let graph: Graph

  /// What an operator makes of this.
  ///
  /// - Parameters:
  ///   - name: the node's.
  ///   - others: further inputs.
  ///   - shape: what comes out has, the same as this without it.
  func node(
    _ type: String, _ name: String, _ others: [String] = [],
    _ attributes: [ONNXAttributeProto] = [], shape: [Int]? = nil
  ) -> GraphSignal {
    let output = graph.append(type, name, [value] + others, attributes)
    graph.largest = max(graph.largest, (shape ?? self.shape).reduce(1, *))
    return GraphSignal(value: output, shape: shape ?? self.shape, graph: graph)
  }

  /// The same values in another shape, images staying apart.
  func reshaped(_ name: String, _ shape: [Int]) -> GraphSignal {
    // 0 keeps the number of images, whatever it is.
    let target = [0] + shape.dropFirst()
    return node("Reshape", name, [graph.integers("shape", target)], shape: shape)
  }

  /// The function of every value.
  func applying(_ activation: Activation) -> GraphSignal {
    switch activation {
    case .relu: return node("Relu", value + ".relu")
    case .relu6:
      return node("Clip", value + ".relu6", [graph.scalar("zero", 0), graph.scalar("six", 6)])
    case .hardSwish: return node("HardSwish", value + ".hard_swish")
    case .hardSigmoid:
      return node(
        "HardSigmoid", value + ".hard_sigmoid", [], [.init("alpha", 1 / 6.0), .init("beta", 0.5)])
    case .gelu:
      // In this order ONNX Runtime takes the five for the one that opset 20 has for it.
      let scaled = node("Div", value + ".gelu.divide", [graph.scalar("root_two", 2.0.squareRoot())])
      let raised = scaled.node("Erf", value + ".gelu.erf")
        .node("Add", value + ".gelu.add", [graph.scalar("one", 1)])
      return node("Mul", value + ".gelu.multiply", [raised.value])
        .node("Mul", value + ".gelu", [graph.scalar("half", 0.5)])
    }
  }

  /// Largest value of every window.
  func maxPooled(kernel: Int, stride: Int, padding: Int, withZeros: Bool) -> GraphSignal {
    let sides = shape[2...].map { ($0 + 2 * padding - kernel) / stride + 1 }
    // ONNX pads with -∞ where it pools.
    let padded =
      withZeros && padding > 0
      ? node(
        "Pad", value + ".pad",
        [graph.integers("pads", [0, 0, padding, padding, 0, 0, padding, padding])])
      : self
    let pads = withZeros ? 0 : padding
    return padded.node(
      "MaxPool", value + ".max_pool", [],
      [
        .init("kernel_shape", [kernel, kernel]), .init("pads", [pads, pads, pads, pads]),
        .init("strides", [stride, stride]),
      ], shape: shape[..<2] + sides)
  }

  /// Mean over the places.
  func spatialMean(keepsSides: Bool) -> GraphSignal {
    let mean = node("GlobalAveragePool", value + ".mean", shape: shape[..<2] + [1, 1])
    return keepsSides
      ? mean
      : mean.node("Flatten", mean.value + ".flatten", [], [.init("axis", 1)], shape: [1, shape[1]])
  }

  /// Element-wise sum.
  static func + (a: GraphSignal, b: GraphSignal) -> GraphSignal {
    let ranges = a.graph.int8?.sums[a.graph.sums]
    a.graph.sums += 1
    let (a, b) = ranges.map { (a.rounded($0[0]), b.rounded($0[1])) } ?? (a, b)
    return a.node("Add", a.graph.latest(a.value, b.value) + ".add", [b.value])
  }

  /// Element-wise product.
  static func * (a: GraphSignal, b: GraphSignal) -> GraphSignal {
    a.node(
      "Mul", a.graph.latest(a.value, b.value) + ".multiply", [b.value],
      shape: zip(a.shape, b.shape).map { max($0, $1) })
  }
}

extension GraphSignal {
  /// Images as the network gets them: (batch, 3, height, width), in its range and channel order.
  func scaled(_ images: ONNXModel.Images, _ input: InputScaling) -> GraphSignal {
    let numbers =
      images.values == .bytes
      ? node(
        "Cast", "input.numbers", [], [.init("to", ONNXTensorProto.DataType.float.rawValue)]) : self
    let planes =
      images.isChannelsLast
      ? numbers.node(
        "Transpose", "input.planes", [], [.init("perm", [0, 3, 1, 2])],
        shape: [shape[0], shape[3], shape[1], shape[2]]) : numbers
    switch images.values {
    case .own: return planes
    case .pixels, .bytes: return planes.scaled(input, black: 0, white: 255)
    // What the tensors of views are spared, too.
    case .views: return input.isOfficial ? planes : planes.scaled(input, black: -1, white: 1)
    }
  }

  private func scaled(_ input: InputScaling, black: Double, white: Double) -> GraphSignal {
    let ordered =
      input.colorOrder == .rgb
      ? self
      : node(
        "Gather", "input.order", [graph.integers("channels", [2, 1, 0])], [.init("axis", 1)])
    let scale = input.std.map { input.range / (white - black) / $0 }
    let shift = zip(input.mean, input.std).map {
      (-black / (white - black) * input.range - $0) / $1
    }
    return ordered.node("Mul", "input.scale", [graph.channels("input.factor", scale)])
      .node("Add", "input.shift", [graph.channels("input.offset", shift)])
  }
}
