import ArgumentParser
import FunMatchTorch

/// Number formats of a network's weights, as `--precision` takes them.
enum WeightPrecision: String, ExpressibleByArgument, CaseIterable {
  case f32, bf16, f16

  var dtype: DType {
    switch self {
    case .f32: .f32
    case .bf16: .bf16
    case .f16: .f16
    }
  }
}
