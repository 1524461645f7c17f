import FunMatchModels
import FunMatchRecipes
import FunMatchSettings

extension ModelSpec {
  /// What `--model` takes: a well-known name or a spec in YAML.
  ///
  /// - Parameter option: what it is called.
  /// - Throws: `RecipeError` when it is neither.
  init(_ registry: Registry, argument text: String, of option: String = "--model") throws {
    guard text.contains(":") else {
      self = try ModelSpec(named: text, registry: registry)
      return
    }
    self = try RecipeFile.value(text, "\(option) \(text)", registry: registry)
  }
}
