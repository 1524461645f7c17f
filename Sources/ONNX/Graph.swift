import FunMatchNN
import FunMatchTorch

/// An ONNX graph while it is built: its nodes so far, and the values that they take from the file.
final class Graph {
  /// A value that is part of the file.
  struct Constant {
    let values: Tensor
    /// Whether it is a kernel, which may be stored in half precision.
    var isKernel = false
    /// What bytes of a u8 tensor stand for; `nil`: values are what they are.
    var type: ONNXTensorProto.DataType?
  }

  /// Which layers compute in int8, and how; `nil`: none.
  let int8: Int8Scales?
  /// Whether it is for an engine in this process, so that nodes are what that computes fastest; else what every reader of a
  /// file understands.
  let isForEngine: Bool
  /// Sums so far.
  var sums = 0

  init(int8: Int8Scales? = nil, isForEngine: Bool = false) {
    (self.int8, self.isForEngine) = (int8, isForEngine)
  }

  /// In an order in which they can be computed.
  var nodes: [ONNXNodeProto] = []
  var constants: [String: Constant] = [:]
  /// Values of one image where they are the most.
  var largest = 0
  /// What is wrong with the network, if something is: signals cannot throw.
  private(set) var fault: String?
  private var names: Set<String> = []
  private var makers: [String: Int] = [:]

  /// Appends an operator with one output, which has the node's name.
  ///
  /// - Parameter name: a number is added where it is taken.
  /// - Returns: the name of the output.
  func append(
    _ type: String, _ name: String, _ inputs: [String], _ attributes: [ONNXAttributeProto] = []
  ) -> String {
    append(type, name, inputs, attributes, outputs: { [$0] })[0]
  }

  /// Appends an operator with several outputs, named by the node's name.
  func append(
    _ type: String, _ name: String, _ inputs: [String], _ attributes: [ONNXAttributeProto] = [],
    outputs: (String) -> [String]
  ) -> [String] {
    var (unique, number) = (name, 1)
    while !names.insert(unique).inserted {
      number += 1
      unique = "\(name)_\(number)"
    }
    var node = ONNXNodeProto()
    node.opType = type
    node.name = unique
    node.input = inputs
    node.output = outputs(unique)
    node.attribute = attributes
    for name in node.output { makers[name] = nodes.count }
    nodes.append(node)
    return node.output
  }

  /// The one of two values that was made last.
  func latest(_ a: String, _ b: String) -> String {
    makers[a, default: -1] > makers[b, default: -1] ? a : b
  }

  /// The name of a kernel that is stored under a parameter's.
  func kernel(_ parameter: Parameter, _ values: @autoclosure () -> Tensor) -> String {
    constant(parameter.name) { Constant(values: values().to(.f32), isKernel: true) }
  }

  /// The name of a parameter's values, in another shape if one is given.
  func vector(_ parameter: Parameter, _ shape: [Int]? = nil) -> String {
    constant(parameter.name) {
      Constant(values: parameter.value.to(.f32).reshaped(shape ?? parameter.value.shape))
    }
  }

  /// The name of values that are no parameter as they stand.
  func vector(_ name: String, _ values: @autoclosure () -> Tensor) -> String {
    constant(name) { Constant(values: values().to(.f32)) }
  }

  /// The name of a constant that is made when it is first wanted.
  func stored(_ name: String, _ make: () -> Constant) -> String { constant(name, make) }

  /// The name of so many equal values.
  func filled(_ name: String, _ value: Double, _ shape: [Int]) -> String {
    constant("\(name).\(shape.map(String.init).joined(separator: "."))") {
      Constant(values: .full(shape, value))
    }
  }

  /// The name of a single value.
  func scalar(_ name: String, _ value: Double) -> String {
    constant(name) { Constant(values: .full([], value)) }
  }

  /// The name of whole numbers.
  func integers(_ name: String, _ values: [Int]) -> String {
    let words = values.map(String.init).joined(separator: ".")
    return constant("\(name).\(words)") { Constant(values: Tensor(values.map(Int64.init))) }
  }

  /// The name of a single whole number.
  func integer(_ name: String, _ value: Int) -> String {
    constant("\(name).\(value)") { Constant(values: Tensor([Int64(value)], shape: [])) }
  }

  /// The name of three values for the channels of images.
  func channels(_ name: String, _ values: [Double]) -> String {
    constant(name) { Constant(values: Tensor(values, shape: [1, 3, 1, 1]).to(.f32)) }
  }

  private func constant(_ name: String, _ make: () -> Constant) -> String {
    if constants[name] == nil { constants[name] = make() }
    return name
  }

  /// Remembers the first thing that is wrong.
  func fail(_ reason: String) { fault = fault ?? reason }

  /// Gives another name to a value.
  func rename(_ old: String, to new: String) {
    for index in nodes.indices {
      nodes[index].input = nodes[index].input.map { $0 == old ? new : $0 }
      nodes[index].output = nodes[index].output.map { $0 == old ? new : $0 }
    }
  }
}

extension ONNXAttributeProto {
  /// A whole number.
  init(_ name: String, _ value: Int) {
    self.init()
    (self.name, i, type) = (name, Int64(value), .int)
  }

  /// Whole numbers.
  init(_ name: String, _ values: [Int]) {
    self.init()
    (self.name, ints, type) = (name, values.map(Int64.init), .ints)
  }

  /// A number.
  init(_ name: String, _ value: Double) {
    self.init()
    (self.name, f, type) = (name, Float(value), .float)
  }
}
