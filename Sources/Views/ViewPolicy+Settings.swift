import FunMatchSettings

/// The view policies that recipes can name.
public enum ViewPolicies: RegistryKind {
  /// What comes with this package.
  public static let builtIn = ViewPolicy.paper
  /// What recipes call an entry.
  public static func name(_ entry: ViewPolicy) -> String { entry.name }
}

extension Registry {
  /// The same with one more view policy.
  public func adding(policy: ViewPolicy) -> Registry { adding(policy, to: ViewPolicies.self) }
}

/// A name, with what is to be different from that policy's own settings.
extension ViewPolicy: Settings {
  /// Function matching as published.
  public init() { self = .funmatch }

  /// The settings of the policy that is named.
  public static func defaults(_ decoder: any Decoder) throws -> ViewPolicy {
    let keys = try decoder.container(keyedBy: KeyName.self)
    let known = decoder.registry.entries(ViewPolicies.self)
    let name =
      try keys.decodeIfPresent(String.self, forKey: KeyName("policy")) ?? ViewPolicy().name
    guard let policy = known.first(where: { $0.name == name }) else {
      throw SettingsError(
        (decoder.codingPath + [KeyName("policy")]).dotted,
        "expected one of " + known.map(\.name).joined(separator: ", "))
    }
    return policy
  }

  /// Its keys.
  public static let keys: [Key<ViewPolicy>] = [
    Key(
      "policy", \.policyName,
      "Who sees what; it sets the keys that follow, which may be given to change it."),
    Key("crop", \.crop, "How the student's views are cut, and the teachers' where not fixed."),
    Key("flip", \.flip, "Whether half of the views are mirrored."),
    Key(
      "mixup", \.mixup, "λ is drawn from Beta(mixup, mixup), one a batch; 0: none.",
      Limits("must be 0 or a positive parameter of Beta", schema: ["minimum": 0]) {
        $0 >= 0 && $0.isFinite
      }),
    Key(
      "ensemble", \.ensemble,
      "Crops whose mean is the target, of policies whose teacher averages crops; 1000 as published.",
      .within(1...10_000)),
  ]

  /// - Throws: `SettingsError` when `ensemble` is given to a policy that averages nothing.
  public mutating func didDecode(_ decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: KeyName.self)
    guard ensemble == nil,
      try keys.decodeIfPresent(Int.self, forKey: KeyName("ensemble")) != nil
    else { return }
    throw SettingsError(
      (decoder.codingPath + [KeyName("ensemble")]).dotted,
      "only policies whose teacher averages crops have it; \(name) does not")
  }

  /// The name as a key of its own type, since editors shall know the names.
  private var policyName: PolicyName {
    get { PolicyName(name: name) }
    // `defaults` has taken all of that policy already.
    set {}
  }

  private var ensemble: Int? {
    get {
      if case .ensemble(let count) = teacher { return count }
      return nil
    }
    set {
      if let newValue, case .ensemble = teacher { teacher = .ensemble(newValue) }
    }
  }

  private struct PolicyName: SettingValue {
    let name: String
    init(name: String) { self.name = name }
    init(from decoder: any Decoder) throws {
      name = try decoder.singleValueContainer().decode(String.self)
    }
    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(name)
    }
    static func schema(_ registry: Registry) -> Schema {
      .names(registry.entries(ViewPolicies.self).map(\.name))
    }
  }
}
