import FunMatchNN
import FunMatchTorch

/// What is done to tokens.
extension GraphSignal {
  /// (N, C, H, W) to (N, H · W, C).
  func tokens() -> GraphSignal {
    let (channels, places) = (shape[1], shape[2] * shape[3])
    return reshaped(value + ".places", [shape[0], channels, places])
      .node(
        "Transpose", value + ".tokens", [], [.init("perm", [0, 2, 1])],
        shape: [shape[0], places, channels])
  }

  /// One more token in front, as often as there are images.
  func prepending(_ token: Parameter) -> GraphSignal {
    let name = token.name
    let images = graph.append(
      "Shape", name + ".images", [value], [.init("start", 0), .init("end", 1)])
    let size = graph.append(
      "Concat", name + ".size", [images, graph.integers("sizes", [1, 1])], [.init("axis", 0)])
    let first = graph.append("Expand", name + ".expand", [graph.vector(token), size])
    let output = graph.append("Concat", name + ".concat", [first, value], [.init("axis", 1)])
    return GraphSignal(value: output, shape: [shape[0], shape[1] + 1, shape[2]], graph: graph)
  }

  /// Tokens plus values that are the same for every image.
  func adding(_ values: Parameter) -> GraphSignal {
    if values.value.shape[1] != shape[1] {
      graph.fail(
        "\(values.name) is for \(values.value.shape[1]) tokens, images of this size make "
          + "\(shape[1])")
    }
    return node("Add", values.name + ".add", [graph.vector(values)])
  }

  /// Softmax of queries · keysᵀ / √(C / heads), times values.
  func attended(heads: Int) -> GraphSignal {
    let (count, channels) = (shape[1], shape[2] / 3)
    let size = channels / heads
    let base = value
    let names = graph.append(
      "Split", base + ".split", [value, graph.integers("parts", [channels, channels, channels])],
      [.init("axis", 2)], outputs: { _ in ["queries", "keys", "values"].map { "\(base).\($0)" } })
    func part(_ name: String, _ order: [Int], _ shape: [Int]) -> GraphSignal {
      GraphSignal(value: name, shape: [self.shape[0], count, channels], graph: graph)
        .reshaped(name + ".heads", [self.shape[0], count, heads, size])
        .node("Transpose", name + ".transpose", [], [.init("perm", order)], shape: shape)
    }
    let queries = part(names[0], [0, 2, 1, 3], [shape[0], heads, count, size])
    let keys = part(names[1], [0, 2, 3, 1], [shape[0], heads, size, count])
    let values = part(names[2], [0, 2, 1, 3], [shape[0], heads, count, size])
    let scale = graph.scalar("root.\(size)", Double(size).squareRoot())
    return queries.node("Div", base + ".scale", [scale])
      .node("MatMul", base + ".scores", [keys.value], shape: [shape[0], heads, count, count])
      .node("Softmax", base + ".softmax", [], [.init("axis", -1)])
      .node("MatMul", base + ".weigh", [values.value], shape: values.shape)
      .node(
        "Transpose", base + ".join", [], [.init("perm", [0, 2, 1, 3])],
        shape: [shape[0], count, heads, size]
      )
      .reshaped(base + ".attention", [shape[0], count, channels])
  }

  /// Token `index` alone.
  func token(_ index: Int) -> GraphSignal {
    node(
      "Gather", value + ".token", [graph.integer("index", index)], [.init("axis", 1)],
      shape: [shape[0], shape[2]])
  }

  /// Mean of the tokens from `first` on.
  func tokenMean(from first: Int) -> GraphSignal {
    let rest =
      first == 0
      ? self
      : node(
        "Slice", value + ".rest",
        [
          graph.integers("from", [first]), graph.integers("to", [shape[1]]),
          graph.integers("axis", [1]),
        ], shape: [shape[0], shape[1] - first, shape[2]])
    return rest.node(
      "ReduceMean", value + ".mean", [], [.init("axes", [1]), .init("keepdims", 0)],
      shape: [shape[0], shape[2]])
  }
}
