import FunMatchNN
import FunMatchSettings

/// Settings of AdamW, under the names that recipes use; the defaults are PyTorch's.
public struct AdamWConfiguration: OptimizerConfiguration {
  /// What it has in common with Adam.
  public var adam = AdamConfiguration(weightDecay: 0.01, clipNorm: 0, firstMoment: .f32)

  /// PyTorch's settings.
  public init() {}

  /// Multiplies direction and decay.
  public var learningRate: Double { adam.learningRate }

  /// `adamW`.
  public static let name = "adamW"

  /// What it is.
  public static let summary =
    "PyTorch's AdamW, whose decay is multiplied by the learning rate, too."

  /// Adam's.
  public static let keys = AdamConfiguration.keys.map { $0.lifted(\AdamWConfiguration.adam) }

  /// Adam's.
  public func stateBytes(of shapes: [[Int]]) -> Int { adam.stateBytes(of: shapes) }

  /// `Adam` with PyTorch's decay.
  public func make(_ parameters: [Parameter]) -> any Optimizer {
    Adam(parameters, adam, decay: .timesLearningRate)
  }
}
