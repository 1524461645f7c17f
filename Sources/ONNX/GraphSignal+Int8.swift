import FunMatchTorch

extension GraphSignal {
  /// The same values as u8 has them: `QuantizeLinear`, then `DequantizeLinear`. Engines compute what stands between two such
  /// pairs in integers.
  func rounded(_ range: Int8Scales.Range) -> GraphSignal {
    let scale = graph.scalar("\(range.scale)", Double(range.scale))
    let zero = graph.stored("u8.\(range.zero)") {
      Graph.Constant(values: Tensor([UInt8(range.zero)], shape: []), type: .uint8)
    }
    return node("QuantizeLinear", value + ".quantize", [scale, zero])
      .node("DequantizeLinear", value + ".u8", [scale, zero])
  }
}

extension Graph {
  /// The name of a kernel that is stored as s8, with a scale for each output channel.
  func int8Kernel(_ name: String, _ kernel: Tensor, _ layer: Int8Scales.Layer) -> String {
    let codes = stored(name + ".s8") {
      let values = kernel.contiguous.array(as: Float.self)
      let count = values.count / layer.kernel.count
      let bytes = values.enumerated().map { place, value in
        let code = (value / layer.kernel[place / count]).rounded(.toNearestOrEven)
        return UInt8(bitPattern: Int8(max(-127, min(127, code))))
      }
      return Constant(values: Tensor(bytes, shape: kernel.shape), type: .int8)
    }
    let scales = vector(name + ".scales", Tensor(layer.kernel))
    let zeros = stored("s8.zeros.\(layer.kernel.count)") {
      Constant(
        values: Tensor([UInt8](repeating: 0, count: layer.kernel.count)), type: .int8)
    }
    return append("DequantizeLinear", name + ".f32", [codes, scales, zeros], [.init("axis", 0)])
  }
}
