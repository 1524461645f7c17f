import Foundation
import FunMatchFiles

/// Where a run comes from, in `source.json` of its folder.
public struct RunSource: Codable, Sendable {
  /// Where a branch left another run.
  public struct Trunk: Codable, Sendable {
    /// That run's folder.
    public let path: String
    /// Updates that it had made.
    public let step: Int
    /// Which run it was; `nil` for those of earlier versions.
    let run: String?
  }

  /// The recipe's file, beside which weights are looked for.
  public var recipe: String
  /// The run that it goes on from; `nil` for one with a beginning of its own.
  public var trunk: Trunk?

  /// What a run began with.
  init(recipe: String, trunk: Trunk? = nil) {
    self.recipe = URL(fileURLWithPath: recipe).standardizedFileURL.path
    self.trunk = trunk
  }

  /// What a run's folder tells; `nil` where it does not, or its file is damaged.
  init?(path: String) {
    guard let read = JSONText.read(path, as: RunSource.self) else { return nil }
    self = read
  }
}
