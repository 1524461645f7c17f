/// A figure over seeds: its mean and how far seeds are apart.
struct Spread: Equatable {
  let mean: Double
  /// The sample standard deviation, with n − 1 in its denominator; `nil` for one value.
  let deviation: Double?
  let lowest: Double
  let highest: Double
  let count: Int

  /// `nil` without values.
  init?(_ values: [Double]) {
    guard let lowest = values.min(), let highest = values.max() else { return nil }
    self.lowest = lowest
    self.highest = highest
    count = values.count
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
  }
}
