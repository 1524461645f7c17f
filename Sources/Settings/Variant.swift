/// One of several kinds of a thing, with settings of its own: `adam` among optimizers, `kl` among distances. Recipes name
/// it by a map with the name as its one key, `{adam: {learningRate: 0.003}}`, or by the name alone.
public protocol Variant: Settings {
  /// Its name in recipes.
  static var name: String { get }
  /// What it is, in one sentence.
  static var summary: String { get }
}
