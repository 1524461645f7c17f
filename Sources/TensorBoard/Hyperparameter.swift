import Foundation

/// The value of a setting, as TensorBoard's HParams plugin takes it.
public enum Hyperparameter: Sendable, Equatable {
  /// A number, finite.
  case number(Double)
  /// Anything else.
  case text(String)
  /// True or false.
  case flag(Bool)

  /// A value as a recipe or a study tells it: `0.003` is a number, `true` a flag, anything else text.
  public init(_ yaml: String) {
    if let number = Double(yaml), number.isFinite,
      yaml.allSatisfy({ "0123456789.eE+-".contains($0) })
    {
      self = .number(number)
    } else if let flag = Bool(yaml) {
      self = .flag(flag)
    } else {
      self = .text(yaml)
    }
  }

  var message: TensorBoardHParams.Value {
    .with {
      switch self {
      case .number(let number): $0.numberValue = number
      case .text(let text): $0.stringValue = text
      case .flag(let flag): $0.boolValue = flag
      }
    }
  }

  var kind: TensorBoardHParams.Key.Kind {
    switch self {
    case .number: .float64
    case .text: .string
    case .flag: .bool
    }
  }
}
