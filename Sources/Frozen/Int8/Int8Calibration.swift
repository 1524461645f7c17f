import Foundation
import FunMatchModels
import FunMatchNN
import FunMatchONNX
import FunMatchTorch

/// Ranges and corrections of a network that shall compute in int8, from views that it is shown.
public struct Int8Calibration {
  /// What was found.
  public let scales: Int8Scales
  /// How near it is to float on these very views.
  public let agreement: Int8Agreement
  /// What int8 was reckoned to give of them, (N, classes).
  package let logits: Tensor

  /// One pass of the views through the network, in float and in int8 side by side.
  ///
  /// - Parameters:
  ///   - model: frozen in f32.
  ///   - views: (N, 3, H, W), f32 in [-1, 1].
  ///   - isFloat: whether a block stays in float.
  public init(of model: any Model, views: Tensor, isFloat: (String) -> Bool) {
    (scales, agreement, logits) = withoutActuallyEscaping(isFloat) { isFloat in
      let findings = CalibrationSignal.Findings { isFloat(Self.block($0)) }
      return withInference {
        let images = model.input(views).channelsLast
        let mode = Mode.evaluation(.f32)
        let logits = model.classifier(
          model.features(CalibrationSignal(images, images, findings), mode), mode)
        return (
          findings.scales, Int8Agreement(float: logits.float, other: logits.quantized),
          logits.quantized
        )
      }
    }
  }

  /// Blocks by what int8 does to the logits where only one of them has it, the worst first.
  ///
  /// - Parameters:
  ///   - names: kernels that int8 is for.
  ///   - views: some dozens do.
  public static func ranking(
    of model: any Model, _ names: some Sequence<String>, views: Tensor
  ) -> [String] {
    let blocks = Set(names.map(block)).sorted()
    return blocks.map { block in
      (block, Int8Calibration(of: model, views: views) { $0 != block }.agreement.kl)
    }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.map(\.0)
  }

  /// The block of a kernel: `blocks.1.0.conv_dw.weight` is of `blocks.1.0`.
  static func block(_ name: String) -> String {
    let parts = name.split(separator: ".")
    let numbered = parts.lastIndex { Int($0) != nil }
    return parts[...(numbered ?? 0)].joined(separator: ".")
  }
}

/// How near one network's logits are to another's.
public struct Int8Agreement: Codable, Sendable, Equatable {
  /// Share of images whose most likely class is the same, where the first network's two largest probabilities are more
  /// than 0.1 apart; 1 where they never are.
  public let agreement: Double
  /// The same of all images.
  public let agreementOfAll: Double
  /// Mean KL(first ‖ second) in nats.
  public let kl: Double

  /// - Parameters:
  ///   - float: logits (N, classes).
  ///   - other: those of the other network.
  public init(float: Tensor, other: Tensor) {
    let (first, second) = (float.logSoftmax(), other.logSoftmax())
    kl = (first.exp() * (first - second)).sum([1]).mean().item
    let classes = float.shape[1]
    let (a, b) = (first.exp().array(as: Float.self), other.array(as: Float.self))
    var (same, clear, sameClear) = (0, 0, 0)
    for row in 0..<float.shape[0] {
      let range = row * classes..<(row + 1) * classes
      let order = range.sorted { a[$0] > a[$1] }
      let isSame = range.max { b[$0] < b[$1] } == order[0]
      let isClear = classes < 2 || a[order[0]] - a[order[1]] > 0.1
      same += isSame ? 1 : 0
      clear += isClear ? 1 : 0
      sameClear += isSame && isClear ? 1 : 0
    }
    agreementOfAll = Double(same) / Double(float.shape[0])
    agreement = clear > 0 ? Double(sameClear) / Double(clear) : 1
  }
}
