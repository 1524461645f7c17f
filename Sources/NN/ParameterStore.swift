import FunMatchFiles
import FunMatchTorch

/// The parameters and buffers of one network in the order of their creation, by checkpoint name.
public final class ParameterStore {
  /// All parameters, in order of creation.
  public private(set) var parameters: [Parameter] = []
  /// Statistics beside them, in order of creation.
  public private(set) var buffers: [Parameter] = []
  /// Kernels, and the normalisation that alone sees what comes of each.
  var folds: [(kernel: Parameter, norm: BatchNorm2d)] = []
  private var byName: [String: Parameter] = [:]

  let values: InitialValues
  /// Whether the values were given up.
  package private(set) var isDiscarded = false

  /// An empty store.
  ///
  /// - Parameter values: what parameters hold when they are registered.
  public init(_ values: InitialValues = .drawn) { self.values = values }

  /// Where names begin.
  public var root: Path { Path(store: self, name: "") }

  /// Parameters, then buffers: everything that is saved.
  public var all: [Parameter] { parameters + buffers }

  /// The parameter or buffer of this name, if there is one.
  public subscript(name: String) -> Parameter? { byName[name] }

  /// Number of values of all parameters together.
  public var valueCount: Int { parameters.reduce(0) { $0 + $1.value.count } }

  /// Names and values of everything that is saved.
  public var tensors: [(name: String, tensor: Tensor)] { all.map { ($0.name, $0.value) } }

  func add(_ parameter: Parameter) {
    precondition(byName[parameter.name] == nil, "two parameters are named \(parameter.name)")
    byName[parameter.name] = parameter
    if case .buffer = parameter.kind {
      buffers.append(parameter)
    } else {
      parameters.append(parameter)
    }
  }

  /// Copies values by name, converted to f32.
  ///
  /// - Throws: `FileError` naming `source` when a name is missing or unknown, a shape differs or a value is infinite or not
  ///   a number; nothing is changed then.
  public func load(_ values: [(name: String, tensor: Tensor)], from source: String) throws {
    try load(values, from: source) { $0.value.copy(from: $1) }
  }

  /// The same of tensors that nobody else needs: what is f32 is the store's from then on. Before anything is trained or moved.
  package func adopt(_ values: [(name: String, tensor: Tensor)], from source: String) throws {
    try load(values, from: source) { $0.value = $1.to(.f32).contiguous }
  }

  private func load(
    _ values: [(name: String, tensor: Tensor)], from source: String,
    _ take: (Parameter, Tensor) -> Void
  ) throws {
    let given = Dictionary(values, uniquingKeysWith: { first, _ in first })
    let unknown = values.map(\.name).filter { byName[$0] == nil }
    let missing = all.map(\.name).filter { given[$0] == nil }
    if !unknown.isEmpty || !missing.isEmpty {
      throw FileError(
        "\(source): the arrays do not fit the model; missing: \(Self.list(missing)); "
          + "not part of it: \(Self.list(unknown))")
    }
    for parameter in all {
      guard let value = given[parameter.name], value.shape != parameter.value.shape else {
        continue
      }
      throw FileError(
        "\(source): \(parameter.name) has shape \(value.shape), the model expects "
          + "\(parameter.value.shape)")
    }
    if let bad = all.first(where: { given[$0.name]?.isAllFinite == false }) {
      throw FileError(
        "\(source): \(bad.name) holds values that are infinite or not a number (NaN); expected weights "
          + "of a training that went well")
    }
    for parameter in all {
      if let value = given[parameter.name] { take(parameter, value) }
    }
  }

  private static func list(_ names: [String]) -> String {
    if names.isEmpty { return "none" }
    let shown = names.prefix(4).joined(separator: ", ")
    return names.count > 4 ? "\(shown) and \(names.count - 4) more" : shown
  }

  /// Moves all values to a device.
  public func move(to device: Device) {
    for parameter in all {
      parameter.value = parameter.value.to(device)
      parameter.shift = parameter.shift?.to(device)
    }
  }

  /// Gives the memory of all values back; shapes stay. For a network in whose place another one computes.
  package func discardValues() {
    isDiscarded = true
    for parameter in all {
      parameter.value = .shapeAlone(parameter.value.shape)
      parameter.shift = nil
    }
  }

  /// Lets operators on values be recorded for gradients, and training change the buffers.
  ///
  /// - Parameter frozen: names the parameters and buffers that stay as they are.
  public func requireGradients(except frozen: (String) -> Bool = { _ in false }) {
    for parameter in parameters where !frozen(parameter.name) {
      parameter.value.requiresGradient = true
    }
    for buffer in buffers { buffer.isUpdated = !frozen(buffer.name) }
  }

  /// Parameters that gradients are taken of.
  public var trained: [Parameter] { parameters.filter(\.value.requiresGradient) }

  /// Turns the values into what the forward pass uses, once and for all: kernels are standardised
  /// where the layer does so, absorb the batch normalisation after them, and are stored in `precision`
  /// in the memory format of the pass. For a network that is never trained again, such as a teacher.
  public func freeze(_ precision: DType) {
    withoutGradients {
      for (kernel, norm) in folds where !kernel.isFrozen { norm.fold(into: kernel) }
      for parameter in parameters where !parameter.isFrozen {
        parameter.isFrozen = true
        switch parameter.kind {
        case .kernel:
          let value = parameter.value.to(precision)
          parameter.value = value.shape.count == 4 ? value.channelsLast : value
          parameter.shift = parameter.shift?.to(precision)
        case .standardizedKernel(let epsilon):
          let standardized = StandardizedConv2d.standardize(parameter.value, epsilon: epsilon)
          parameter.value = standardized.to(precision).channelsLast
        case .headKernel, .vector, .buffer: break
        }
      }
    }
  }
}
