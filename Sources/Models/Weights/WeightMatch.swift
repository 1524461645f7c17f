/// A network that weights are of.
struct WeightMatch {
  /// The network, with its number of classes.
  var spec: ModelSpec
  /// How the file lays its weights out.
  let layout: WeightLayout
  /// The file's arrays under the network's names.
  var arrays: WeightLayout.Arrays
  /// What the head is called in the file, where it has not its usual name.
  var head: String?
  /// What is there without a head, where there is none.
  var headless: WeightHead?
}
