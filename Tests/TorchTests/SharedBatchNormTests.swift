import Foundation
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Batch normalisation of two processes by libtorch's own operators, as GPUs have it, against that of one with all rows.
struct SharedBatchNormTests {
  @Test(arguments: [
    NormCase(shape: [5, 3, 4, 2], activation: 3), NormCase(shape: [6, 7], activation: 0),
  ])
  func itIsThatOfAllRows(of norm: NormCase) async throws {
    let port = 20_000 + Int(getpid()) % 20_000 + norm.shape.count
    async let first: Void = Self.process(0, port, norm)
    async let second: Void = Self.process(1, port, norm)
    _ = await (first, second)
  }

  struct NormCase: Codable, Sendable {
    let shape: [Int]
    let activation: Int32
  }

  private static func process(_ rank: Int, _ port: Int, _ norm: NormCase) async {
    await #expect(processExitsWith: .success) {
      [rank = rank as Int, port = port as Int, norm = norm as NormCase] in
      let launch = try #require(
        try Launch([
          "RANK": "\(rank)", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
          "MASTER_PORT": "\(port)",
          "FUNMATCH_TIMEOUT": "60",
        ]))
      let group = try ProcessGroup(launch)
      let channels = norm.shape[1]
      let activation = try #require(Tensor.NormActivation(rawValue: norm.activation))
      Torch.manualSeed(3)
      func values(_ shape: [Int], times scale: Double = 1, plus offset: Double = 0) -> Tensor {
        (Tensor.randn(shape) * scale + offset).to(.f64)
      }
      let x = values(norm.shape, times: 3, plus: 2)
      let (weight, bias) = (values([channels], plus: 1), values([channels]))
      let weights = values(norm.shape)
      let rows = group.share(of: 0..<norm.shape[0])

      /// Output, gradients of the input and of both parameters, and the statistics that are kept.
      func outcome(_ rows: Range<Int>?, _ group: ProcessGroup?) -> [Tensor] {
        func own(_ tensor: Tensor) -> Tensor {
          rows.map { tensor.narrowed(0, $0).contiguous } ?? tensor
        }
        let input = own(x).detached()
        input.requiresGradient = true
        let parameters = [weight, bias].map { $0.detached() }
        for parameter in parameters { parameter.requiresGradient = true }
        let (mean, variance) = (
          Tensor.zeros([channels], dtype: .f64), Tensor.zeros([channels], dtype: .f64) + 1
        )
        let output = input.batchNorm(
          weight: parameters[0], bias: parameters[1], mean: mean, variance: variance,
          isTraining: true, momentum: 0.1, epsilon: 1e-3, activation: activation, group: group)
        (output * own(weights)).sum().backward()
        return [
          output, input.gradient, parameters[0].gradient, parameters[1].gradient, mean, variance,
        ]
        .compactMap { $0 }
      }
      let (whole, part) = (outcome(nil, nil), outcome(rows, group))
      try #require(whole.count == 6 && part.count == 6)
      for index in 0..<6 {
        var found = part[index]
        if [2, 3].contains(index) {
          let all = try group.allGather(found)
          found = all.narrowed(0, 0..<1) + all.narrowed(0, 1..<2)
          found = found.reshaped([channels])
        }
        let expected = index < 2 ? whole[index].narrowed(0, rows) : whole[index]
        #expect(relativeDifference(found, expected: expected) < 1e-12, "\(index)")
      }
    }
  }
}
