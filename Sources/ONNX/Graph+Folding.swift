import FunMatchTorch

extension Graph {
  /// Puts every batch normalisation into the convolution before it, where there is one and neither
  /// is used otherwise: the kernel becomes kernel · γ / √(variance + ε), the bias β less what that
  /// makes of the mean, in double precision.
  func foldBatchNorms() {
    var producers: [String: Int] = [:]
    var uses: [String: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for name in node.output { producers[name] = index }
      for name in node.input { uses[name, default: 0] += 1 }
    }
    var folded: Set<Int> = []
    for (index, norm) in nodes.enumerated() where norm.opType == "BatchNormalization" {
      guard let place = producers[norm.input[0]], nodes[place].opType == "Conv",
        (norm.input + [nodes[place].input[1]]).allSatisfy({ uses[$0] == 1 })
      else { continue }
      if fold(norm, into: &nodes[place]) { folded.insert(index) }
    }
    nodes = nodes.enumerated().filter { !folded.contains($0.offset) }.map(\.element)
  }

  /// Whether the values of both were at hand.
  private func fold(_ norm: ONNXNodeProto, into convolution: inout ONNXNodeProto) -> Bool {
    let values = norm.input.dropFirst().compactMap { constants[$0]?.values.to(.f64) }
    guard values.count == 4, let kernel = constants[convolution.input[1]] else { return false }
    let (weight, bias, mean, variance) = (values[0], values[1], values[2], values[3])
    let epsilon = norm.attribute.first { $0.name == "epsilon" }.map { Double($0.f) } ?? 0
    let scale = weight / (variance + epsilon).squareRoot()
    let old = convolution.input.dropFirst(2).first.flatMap { constants[$0]?.values.to(.f64) }
    constants[convolution.input[1]] = Constant(
      values: (kernel.values.to(.f64) * scale.reshaped([-1, 1, 1, 1])).to(.f32),
      isKernel: kernel.isKernel)
    // The shift is the convolution's bias now, under the name of the normalisation's.
    constants[norm.input[2]] = Constant(
      values: (bias + ((old.map { $0 - mean } ?? mean * -1) * scale)).to(.f32))
    convolution.input = Array(convolution.input.prefix(2)) + [norm.input[2]]
    convolution.output = norm.output
    return true
  }
}
