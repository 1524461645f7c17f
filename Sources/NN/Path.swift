import FunMatchTorch

/// A place in a network's tree of names, such as `stages.0.blocks.1`.
public struct Path {
  let store: ParameterStore
  /// The name so far, without a dot at its end.
  public let name: String

  /// The place called `component` below this one.
  public static func / (path: Path, component: String) -> Path {
    Path(
      store: path.store, name: path.name.isEmpty ? component : path.name + "." + component)
  }

  /// The place numbered `index` below this one.
  public static func / (path: Path, index: Int) -> Path { path / String(index) }

  /// Registers a parameter under the name `component` here. Two of one name are a programmer's
  /// error and trap.
  public func parameter(
    _ component: String, _ shape: [Int], _ kind: Parameter.Kind, _ initializer: Initializer
  ) -> Parameter {
    let parameter = Parameter(
      name: (self / component).name, kind: kind, value: store.values.parameter(shape, initializer))
    store.add(parameter)
    return parameter
  }

  /// Registers statistics that are saved with the parameters but not trained.
  public func buffer(_ component: String, _ shape: [Int], _ initializer: Initializer) -> Parameter {
    let buffer = Parameter(
      name: (self / component).name, kind: .buffer, value: store.values.buffer(shape, initializer))
    store.add(buffer)
    return buffer
  }
}
