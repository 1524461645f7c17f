/// Which values a key can have, and how that is said.
public struct Limits<Value: Sendable>: Sendable {
  let contains: @Sendable (Value) -> Bool
  /// What a value must be, such as `must be positive`.
  let words: String
  /// The same in words of JSON Schema.
  let schema: [String: Double]

  /// Values for which `contains` is true.
  ///
  /// - Parameters:
  ///   - words: what a value must be, such as `must be a multiple of 8`.
  ///   - schema: keywords of JSON Schema for it, such as `multipleOf`.
  public init(
    _ words: String, schema: [String: Double] = [:],
    _ contains: @escaping @Sendable (Value) -> Bool
  ) {
    (self.words, self.schema, self.contains) = (words, schema, contains)
  }
}

extension Limits where Value == Int {
  /// From 1 on.
  public static let positive = Limits("must be positive", schema: ["minimum": 1]) { $0 > 0 }
  /// From 0 on.
  public static let notNegative = Limits("must not be negative", schema: ["minimum": 0]) { $0 >= 0 }

  /// From 1 to `limit`.
  public static func positive(upTo limit: Int) -> Limits {
    Limits(
      "must be positive and at most \(limit)", schema: ["minimum": 1, "maximum": Double(limit)]
    ) { (1...limit).contains($0) }
  }

  /// Both ends are allowed.
  public static func within(_ range: ClosedRange<Int>) -> Limits {
    Limits(
      "must be between \(range.lowerBound) and \(range.upperBound)",
      schema: ["minimum": Double(range.lowerBound), "maximum": Double(range.upperBound)]
    ) { range.contains($0) }
  }

  /// From `least` on.
  public static func atLeast(_ least: Int) -> Limits {
    Limits("must be at least \(least)", schema: ["minimum": Double(least)]) { $0 >= least }
  }
}

extension Limits where Value == String {
  /// At least one character.
  public static let notEmpty = Limits("must not be empty") { !$0.isEmpty }
}

extension Limits where Value == Double {
  /// Above 0 and finite.
  public static let positive = Limits("must be positive", schema: ["exclusiveMinimum": 0]) {
    $0 > 0 && $0.isFinite
  }
  /// From 0 on, and finite in single precision, in which it is used.
  public static let notNegative = Limits(
    "must not be negative, and within single precision", schema: ["minimum": 0]
  ) { $0 >= 0 && Float($0).isFinite }
  /// Above 0, in single precision, too.
  public static let positiveSingle = Limits("must be positive", schema: ["exclusiveMinimum": 0]) {
    Float($0) > 0 && Float($0).isFinite
  }
  /// From 0 to 1.
  public static let share = Limits("must be in 0 ... 1", schema: ["minimum": 0, "maximum": 1]) {
    (0...1).contains($0)
  }
  /// From 0 to below 1.
  public static let belowOne = Limits(
    "must be in 0 ..< 1", schema: ["minimum": 0, "exclusiveMaximum": 1]
  ) { (0..<1).contains($0) }

  /// Both ends are allowed.
  public static func within(_ range: ClosedRange<Double>) -> Limits {
    Limits(
      "must be between \(short(range.lowerBound)) and \(short(range.upperBound))",
      schema: ["minimum": range.lowerBound, "maximum": range.upperBound]
    ) { range.contains($0) }
  }

  private static func short(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e5 ? "\(Int(value))" : "\(value)"
  }
}
