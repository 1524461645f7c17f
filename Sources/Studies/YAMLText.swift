import FunMatchFiles
import Yams

/// YAML nodes written in one line. Numbers stay as they were written.
enum YAMLText {
  /// A value as it could stand in a file after its key.
  static func line(_ node: Node) -> String {
    switch node {
    case .scalar(let scalar): quoted(scalar)
    case .sequence(let list): "[" + list.map(line).joined(separator: ", ") + "]"
    case .mapping(let map):
      "{" + map.map { "\(line($0.key)): \(line($0.value))" }.joined(separator: ", ") + "}"
    case .alias: "null"
    }
  }

  /// Quoted where it would be read as something else without.
  private static func quoted(_ scalar: Node.Scalar) -> String {
    if scalar.style == .plain || scalar.style == .any { return scalar.string }
    let isText = scalar.string.allSatisfy { !",[]{}\n".contains($0) }
    if isText, let read = try? Yams.compose(yaml: scalar.string), read.string == scalar.string,
      read.scalar != nil, read.tag == Tag(.str)
    {
      return scalar.string
    }
    return (try? JSONText.line(scalar.string)) ?? scalar.string
  }
}
