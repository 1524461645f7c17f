import ArgumentParser
import FunMatchRecipes
import FunMatchSettings

/// `funmatch recipe`: the keys of recipes.
struct RecipeCommand: RegistryCommand {
  static let configuration = CommandConfiguration(
    commandName: "recipe",
    abstract: "Print every key of a recipe with its default and meaning.",
    discussion: """
      With --json: a JSON schema, by which editors complete and check recipes (in VS Code, with its YAML extension, \
      `# yaml-language-server: $schema=FILE` as a recipe's first line).
      """)

  @Flag(help: "Print a JSON schema.")
  var json = false

  func run(_ registry: Registry) throws {
    let manual = RecipeManual(registry)
    print(json ? try manual.schema() : manual.text)
  }
}
