import Foundation
import FunMatchSettings
import Testing

/// A map with keys of all kinds.
private struct Sample: Settings {
  var count = 3
  var share = 0.5
  var name: String?
  var list: [Int] = []
  var steps: Int? = 10
  var epochs: Double?
  var nested = Nested()
  var inner = 0

  struct Nested: Settings {
    var size = 0
    init() {}
    static let keys: [Key<Nested>] = [Key("size", \.size, "A size.", .positive, isRequired: true)]
  }

  init() {}
  static let keys: [Key<Sample>] = [
    Key("count", \.count, "A number.", .within(1...9)),
    Key("share", \.share, "A share.", .share), Key("name", \.name, "A name."),
    Key("list", \.list, "Numbers.", or: Int.self, value: { [$0] }),
    Key("steps", \.steps, "Length.", .positive, group: "length"),
    Key("epochs", \.epochs, "Length.", .positive, group: "length"),
    Key("nested", \.nested, "More."),
    .section("section", "Together.", [Key("inner", \.inner, "Within.", .notNegative)]),
  ]
}

struct SettingsTests {
  private func decode(_ json: String) throws -> Sample {
    let decoder = JSONDecoder()
    decoder.userInfo[.refusesUnknownKeys] = true
    let sample = try decoder.decode(Sample.self, from: Data(json.utf8))
    try sample.validate()
    return sample
  }

  @Test func whatIsAbsentHasItsDefault() throws {
    let sample = try decode(#"{"nested": {"size": 2}, "name": null, "share": null}"#)
    #expect(sample.count == 3 && sample.share == 0.5 && sample.name == nil && sample.steps == 10)
    let other = try decode(
      #"{"nested": {"size": 2}, "epochs": 2, "list": 7, "section": {"inner": 4}}"#)
    // Another of the group is given, so that the default does not count.
    #expect(other.steps == nil && other.epochs == 2 && other.list == [7] && other.inner == 4)
    let written = try JSONEncoder().encode(other)
    #expect(try decode(String(decoding: written, as: UTF8.self)) == other)
  }

  @Test(arguments: [
    (#"{"nested": {"size": 2}, "count": 10}"#, "count: 10 must be between 1 and 9"),
    (#"{"nested": {"size": 0}}"#, "nested.size: 0 must be positive"),
    (
      #"{"nested": {"size": 2}, "section": {"inner": -1}}"#,
      "section.inner: -1 must not be negative"
    ),
    (#"{"nested": {"size": 2}, "steps": 1, "epochs": 1}"#, "only one of steps and epochs"),
    (#"{"nested": {"size": 2}, "coumt": 1}"#, "unknown key 'coumt'; did you mean 'count'?"),
    (#"{"nested": {"size": 2, "sise": 1}}"#, "unknown key 'nested.sise'; did you mean 'size'?"),
    (#"{"nested": {"size": 2}, "section": {"iner": 1}}"#, "'section.iner'; did you mean 'inner'?"),
  ])
  func whatIsWrongNamesItsKey(json: String, sentence: String) {
    let error = #expect(throws: SettingsError.self) { try decode(json) }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
  }

  @Test func aRequiredKeyIsMissed() {
    let error = #expect(throws: DecodingError.self) { try decode(#"{"nested": {}}"#) }
    guard case .keyNotFound(let key, let context)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(key.stringValue == "size" && context.codingPath.map(\.stringValue) == ["nested"])
  }

  @Test func schemaAndDescriptionsAreOfTheSameKeys() throws {
    let keys = Sample.descriptions(.standard)
    #expect(keys.map(\.name) == Sample.keys.map(\.name))
    #expect(keys.first?.standard == "3" && keys.first?.isRequired == false)
    let json = Sample.schema(.standard).json
    #expect(json["additionalProperties"] as? Bool == false)
    #expect(json["required"] as? [String] == [])
    #expect(Sample.Nested.schema(.standard).json["required"] as? [String] == ["size"])
    let properties = try #require(json["properties"] as? [String: [String: Any]])
    #expect(properties["count"]?["default"] as? Int == 3)
    #expect(properties["count"]?["description"] as? String == "A number.")
    #expect(Set(properties.keys) == Set(keys.map(\.name)))
  }

  private enum Colors: RegistryKind {
    static let builtIn = ["red", "green"]
    static func name(_ entry: String) -> String { entry }
  }

  @Test func aRegistryIsAValue() {
    let more = Registry.standard.adding("blue", to: Colors.self)
    #expect(more.entries(Colors.self) == ["red", "green", "blue"])
    #expect(Registry.standard.entries(Colors.self) == ["red", "green"])
    // One of the same name takes its place.
    #expect(more.adding("red", to: Colors.self).entries(Colors.self) == ["green", "blue", "red"])
  }
}
