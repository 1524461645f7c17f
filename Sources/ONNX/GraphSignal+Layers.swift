import FunMatchNN
import FunMatchTorch

/// Layers with parameters.
extension GraphSignal {
  /// `Conv`.
  func applying(_ layer: Conv2d, _ mode: Mode) -> GraphSignal {
    convolved(
      layer.weight, layer.weight.value,
      bias: layer.shift.map { shift in
        graph.vector(layer.bias?.name ?? layer.weight.name + ".shift", shift)
      }, stride: layer.stride, groups: layer.groups
    ) { layer.padding.amounts($0, kernel: layer.kernel, stride: layer.stride) }
  }

  /// `Conv` with the kernel as it is after standardisation.
  func applying(_ layer: StandardizedConv2d, _ mode: Mode) -> GraphSignal {
    let padding = layer.weight.value.shape[2] / 2
    return convolved(
      layer.weight, layer.kernel().contiguous, bias: nil, stride: layer.stride, groups: 1
    ) { _ in (padding, padding) }
  }

  private func convolved(
    _ weight: Parameter, _ kernel: @autoclosure () -> Tensor, bias: String?, stride: Int,
    groups: Int, _ amounts: (Int) -> (before: Int, after: Int)
  ) -> GraphSignal {
    let (size, side) = (weight.value.shape, weight.value.shape[2])
    let pads = shape[2...].map(amounts)
    let padded = zip(shape[2...], pads).map { $0 + $1.before + $1.after }
    let sides = padded.map { ($0 - side) / stride + 1 }
    if padded.contains(where: { $0 < side }) {
      graph.fail("images of this size are too small for \(layerName(weight))")
    }
    let inputs: [String]
    var images = self
    if let layer = graph.int8?.layers[weight.name] {
      images = rounded(layer.input)
      inputs = [
        graph.int8Kernel(weight.name, kernel(), layer),
        graph.vector(weight.name + ".bias", Tensor(layer.bias)),
      ]
    } else {
      inputs = [graph.kernel(weight, kernel())] + (bias.map { [$0] } ?? [])
    }
    return images.node(
      "Conv", layerName(weight), inputs,
      [
        .init("group", groups), .init("kernel_shape", [side, side]),
        .init("pads", pads.map(\.before) + pads.map(\.after)), .init("strides", [stride, stride]),
      ], shape: [shape[0], size[0]] + sides)
  }

  /// Groups standardised as the instances of `InstanceNormalization`, then scale and shift: opset
  /// 21's `GroupNormalization` computes the variance as a difference of squares in ONNX Runtime.
  func applying(_ layer: GroupNorm, _ mode: Mode) -> GraphSignal {
    if graph.isForEngine { return normalizedByMeans(layer) }
    let name = layerName(layer.weight)
    let (groups, channels) = (layer.groups, [layer.weight.value.count, 1, 1])
    let normal = reshaped(name + ".group", [shape[0], groups, shape[1...].reduce(1, *) / groups])
      .node(
        "InstanceNormalization", name + ".standardize",
        [graph.filled("ones", 1, [groups]), graph.filled("zeros", 0, [groups])],
        [.init("epsilon", layer.epsilon)])
    let y = normal.reshaped(name + ".ungroup", shape)
      .node("Mul", name + ".scale", [graph.vector(layer.weight, channels)])
      .node("Add", name, [graph.vector(layer.bias, channels)])
    return layer.relu ? y.applying(.relu) : y
  }

  /// The same as means over places, then over the channels of a group. OpenVINO's kernel for instances reads planes, and
  /// reorders what convolutions give it channels last; this reads it as it lies. The variance is of what is left when the
  /// mean is taken away, not a difference of squares, so that it can be computed in bf16, too.
  private func normalizedByMeans(_ layer: GroupNorm) -> GraphSignal {
    let name = layerName(layer.weight)
    let (images, channels, groups) = (shape[0], shape[1], layer.groups)
    let grouped = [images, groups, channels / groups, 1]
    func overPlaces(_ x: GraphSignal, _ type: String, _ part: String) -> GraphSignal {
      x.node(type, name + part, [], [.init("axes", [2, 3])], shape: [images, channels, 1, 1])
    }
    func overGroups(_ x: GraphSignal, _ part: String) -> GraphSignal {
      x.reshaped(name + part + ".channels", grouped)
        .node("ReduceMean", name + part, [], [.init("axes", [2])], shape: [images, groups, 1, 1])
    }
    let mean = overGroups(overPlaces(self, "ReduceMean", ".mean"), ".mean.group")
      .node("Mul", name + ".mean.spread", [graph.filled("ones", 1, [1] + grouped.dropFirst())])
      .reshaped(name + ".mean.channels", [images, channels, 1, 1])
    let centred = node("Sub", name + ".centre", [mean.value])
    let length = overPlaces(centred, "ReduceL2", ".length")
    let squares = length.node("Mul", name + ".squares", [length.value])
      .node("Div", name + ".variance", [graph.scalar("places.\(places)", Double(places))])
    let deviation = overGroups(squares, ".variance.group")
      .node("Add", name + ".epsilon", [graph.scalar("epsilon.\(layer.epsilon)", layer.epsilon)])
      .node("Sqrt", name + ".deviation")
    let weight = graph.vector(layer.weight, Array(grouped.dropFirst()))
    let scale = GraphSignal(
      value: graph.append("Div", name + ".scale.group", [weight, deviation.value]), shape: grouped,
      graph: graph
    ).reshaped(name + ".scale.channels", [images, channels, 1, 1])
    let y = centred.node("Mul", name + ".scale", [scale.value])
      .node("Add", name, [graph.vector(layer.bias, [channels, 1, 1])])
    return layer.relu ? y.applying(.relu) : y
  }

  /// Places of a feature map.
  private var places: Int { shape[2...].reduce(1, *) }

  /// `BatchNormalization` with the running statistics; `Graph.foldBatchNorms` puts it into the
  /// convolution before it.
  func applying(_ layer: BatchNorm2d, _ mode: Mode) -> GraphSignal {
    let values = [layer.weight, layer.bias, layer.runningMean, layer.runningVariance]
    let normalized =
      layer.weight.isFolded
      ? self
      : node(
        "BatchNormalization", layerName(layer.weight), values.map { graph.vector($0) },
        [.init("epsilon", layer.epsilon)])
    return layer.activation.map(normalized.applying) ?? normalized
  }

  /// `LayerNormalization` of the last dimension.
  func applying(_ layer: LayerNorm, _ mode: Mode) -> GraphSignal {
    node(
      "LayerNormalization", layerName(layer.weight),
      [graph.vector(layer.weight), graph.vector(layer.bias)],
      [.init("axis", -1), .init("epsilon", layer.epsilon)])
  }

  /// `Gemm` for rows; for tokens `MatMul`, the kernel turned over, and `Add`.
  func applying(_ layer: Linear, _ mode: Mode) -> GraphSignal {
    let name = layerName(layer.weight)
    let output = Array(shape.dropLast()) + [layer.bias.value.count]
    guard shape.count > 2 else {
      return node(
        "Gemm", name, [graph.kernel(layer.weight, layer.matrix), graph.vector(layer.bias)],
        [.init("transB", 1)], shape: output)
    }
    let kernel = graph.kernel(layer.weight, layer.matrix.permuted([1, 0]).contiguous)
    return node("MatMul", name + ".multiply", [kernel], shape: output)
      .node("Add", name, [graph.vector(layer.bias)])
  }

  /// The name of the layer that a parameter is of.
  private func layerName(_ parameter: Parameter) -> String {
    let name = parameter.name
    return name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }
}
