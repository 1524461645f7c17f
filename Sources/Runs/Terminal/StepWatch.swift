/// Notices, once, that steps have come to take twice as long as they did.
package struct StepWatch {
  /// The first steps make memory and kernels ready.
  private static let skipped = 5
  /// How many steps tell what is usual.
  private static let known = 40
  /// A slow step or some are chance.
  private static let streak = 10
  private static let factor = 2.0

  private var first: [Double] = []
  private var slow: [Double] = []
  private var isOver = false

  /// Knows nothing yet.
  package init() {}

  /// Takes note of a step.
  ///
  /// - Returns: the usual seconds of a step and those of the latest ones, after ten slow ones in a row, once.
  package mutating func note(_ seconds: Double) -> (usual: Double, now: Double)? {
    guard !isOver else { return nil }
    if first.count < Self.skipped + Self.known {
      first.append(seconds)
      return nil
    }
    let usual = Self.median(first.dropFirst(Self.skipped))
    slow = seconds >= Self.factor * usual ? slow + [seconds] : []
    guard slow.count == Self.streak else { return nil }
    isOver = true
    return (usual, Self.median(slow[...]))
  }

  private static func median(_ values: ArraySlice<Double>) -> Double {
    values.sorted()[values.count / 2]
  }
}
