import Yams

/// Settings under one name, for `preset:` in a recipe. What the recipe says itself comes first.
///
/// The BiT-HyperRule: Kolesnikov et al. 2020, "Big Transfer", and google-research/big_transfer
/// `bit_hyperrule.py`. Its cosine form: big_vision `configs/transfer.py`. Lengths and mixup follow from
/// the number of training images.
enum RecipePreset: String, CaseIterable {
  /// SGD whose rate falls by steps.
  case hyperRule = "bit-hyperrule"
  /// The same lengths with a cosine.
  case cosine = "bit-cosine"

  /// A recipe's keys, as many as the preset has an opinion on.
  func tree(images: Int) throws -> Node {
    let (steps, warmup, places) =
      switch images {
      case ..<20_000: (500, 100, "[0.4, 0.6, 0.8]")
      case ..<500_000: (10_000, 500, "[0.3, 0.6, 0.9]")
      default: (20_000, 500, "[0.3, 0.6, 0.9]")
      }
    let mixup = images < 20_000 ? 0.0 : 0.1
    let text: String
    switch self {
    case .hyperRule:
      text = """
        student: {head: reset}
        views: {policy: same/rc, mixup: \(mixup)}
        optimizer: {sgd: {learningRate: 0.003, momentum: 0.9, weightDecay: 0, clipNorm: 0}}
        schedule: {steps: \(steps), warmupSteps: \(warmup), decay: {step: {at: \(places), factor: 0.1}}}
        """
    case .cosine:
      text = """
        student: {head: reset}
        views: {policy: same/rc, mixup: 0}
        optimizer: {sgd: {learningRate: 0.01, momentum: 0.9, weightDecay: 0, clipNorm: 1}}
        schedule: {steps: \(steps), warmupSteps: \(warmup), decay: cosine}
        """
    }
    guard let tree = try Yams.compose(yaml: text + "\nbatchSize: 512\n") else {
      throw RecipeError("preset: \(rawValue) has no settings")
    }
    return tree
  }

  /// `recipe` with what it does not say taken from `preset`.
  static func filled(_ recipe: Node, from preset: Node, at path: [String] = []) -> Node {
    guard case .mapping(var own) = recipe, case .mapping(let other) = preset else { return recipe }
    for (key, value) in other {
      guard let name = key.string else { continue }
      if let given = own[key] {
        own[key] = filled(given, from: value, at: path + [name])
      } else if !isSaid(name, own, path) {
        own[key] = value
      }
    }
    return .mapping(own)
  }

  /// Whether a recipe says in another way what a key of a preset would.
  private static func isSaid(_ name: String, _ own: Node.Mapping, _ path: [String]) -> Bool {
    switch path {
    // Another optimiser, or none of the preset's keys fits.
    case ["optimizer"]: return !own.isEmpty
    // A policy brings settings of its own.
    case ["views"]: return own["policy"] != nil
    // Only a head that comes with weights can be reset.
    case ["student"]: return own["weights"].map { $0.null != nil } ?? true
    case ["schedule"]:
      let group = ScheduleRecipe.alternatives.first { $0.contains(name) } ?? []
      return group.contains { own[Node($0)] != nil }
    default: return false
    }
  }
}
