import FunMatchExperiments
import FunMatchModels

extension ModelSpec {
  /// What `--model` takes: a well-known name or a spec in YAML.
  ///
  /// - Throws: `ExperimentError` when it is neither.
  init(argument text: String) throws {
    guard text.contains(":") else {
      self = try ModelSpec(named: text)
      return
    }
    self = try RecipeFile.value(text, "--model \(text)")
  }
}
