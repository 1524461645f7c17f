import Foundation

/// Whether `make soak` runs, which tries more cases of what `make test` tries with a few.
public enum Soak {
  /// Whether FUNMATCH_SOAK is set.
  public static let isOn = ProcessInfo.processInfo.environment["FUNMATCH_SOAK"] != nil

  /// The first of some cases; all of them under `make soak`.
  public static func first<Case>(_ count: Int = 1, of cases: [Case]) -> [Case] {
    isOn ? cases : Array(cases.prefix(count))
  }
}
