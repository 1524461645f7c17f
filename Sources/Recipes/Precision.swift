import FunMatchSettings
import FunMatchTorch

/// Number formats that convolutions can compute in.
public enum Precision: String, SettingName {
  /// The fastest on the machine, which is measured.
  case auto
  case f32, bf16
  /// Of teachers alone: gradients in f16 would need their loss scaled.
  case f16
  /// Convolutions of teachers alone, on OpenVINO; all else is f32.
  case int8

  /// The engine's type; `nil` as long as it is not measured.
  public var dtype: DType? {
    switch self {
    case .auto: nil
    case .bf16: .bf16
    case .f16: .f16
    case .f32, .int8: .f32
    }
  }

  /// The one of an engine's type; f32 where there is none.
  public init(_ dtype: DType) {
    self = [.bf16, .f16].first { $0.dtype == dtype } ?? .f32
  }

  /// Whether a student can be trained in it.
  public var trains: Bool { self != .f16 && self != .int8 }

  /// Those of which `auto` takes one; the first unless another is clearly faster.
  public static let measured: [Precision] = [.f32, .bf16]
}

/// What teachers and students compute in: one format for both, or `{teacher: f32, student: bf16}`.
struct PrecisionPair: SettingValue, Equatable {
  var teacher: Precision
  var student: Precision

  private struct Both: Settings {
    var teacher = Precision.auto
    var student = Precision.auto
    static let keys: [Key<Both>] = [
      Key("teacher", \.teacher, "What the teachers' convolutions compute in."),
      Key(
        "student", \.student, "What the student's convolutions compute in; its weights stay f32."),
    ]
  }

  init(teacher: Precision, student: Precision) {
    (self.teacher, self.student) = (teacher, student)
  }

  init(from decoder: any Decoder) throws {
    if (try? decoder.singleValueContainer().decode(String.self)) != nil {
      let precision = try Precision(from: decoder)
      self.init(teacher: precision, student: precision)
    } else {
      let both = try Both(from: decoder)
      self.init(teacher: both.teacher, student: both.student)
    }
  }

  func encode(to encoder: any Encoder) throws {
    if teacher == student { return try teacher.encode(to: encoder) }
    var both = Both()
    (both.teacher, both.student) = (teacher, student)
    try both.encode(to: encoder)
  }

  static func schema(_ registry: Registry) -> Schema {
    .anyOf([Precision.schema(registry), Both.schema(registry)])
  }
}
