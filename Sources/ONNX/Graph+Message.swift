import Foundation
import FunMatchTorch

extension Graph {
  /// The graph as it goes into a file, with the constants that its nodes use, in the order of their
  /// first use. Each leaves the graph as it is stored, as both together take much memory.
  ///
  /// - Parameters:
  ///   - halfKernels: whether kernels are stored as f16; a `Cast` makes f32 of each.
  ///   - lent: where values are kept that the graph names by their addresses, as ONNX Runtime and OpenVINO read them within
  ///     one process; `nil`: values are stored in the graph.
  /// - Throws: `TorchError` when a value is beyond f16.
  func message(halfKernels: Bool, lent: inout [Tensor]?) throws -> ONNXGraphProto {
    var message = ONNXGraphProto()
    var casts: [ONNXNodeProto] = []
    var seen: Set<String> = []
    for name in nodes.flatMap(\.input) where seen.insert(name).inserted {
      guard let constant = constants.removeValue(forKey: name) else { continue }
      let isHalf = halfKernels && constant.isKernel
      if lent == nil {
        message.initializer.append(try Self.stored(name, constant, asHalf: isHalf))
      } else {
        let values = constant.values.contiguous
        lent?.append(values)
        message.initializer.append(Self.lent(name, values, constant.type))
      }
      guard isHalf else { continue }
      var cast = ONNXNodeProto()
      cast.opType = "Cast"
      cast.name = name + ".f32"
      cast.input = [name]
      cast.output = [cast.name]
      cast.attribute = [.init("to", ONNXTensorProto.DataType.float.rawValue)]
      casts.append(cast)
    }
    let halves = Set(casts.flatMap(\.input))
    message.node =
      casts
      + nodes.map { node in
        var node = node
        node.input = node.input.map { halves.contains($0) ? $0 + ".f32" : $0 }
        return node
      }
    return message
  }

  private static func described(
    _ name: String, _ values: Tensor, _ type: ONNXTensorProto.DataType?
  ) -> ONNXTensorProto {
    var tensor = ONNXTensorProto()
    tensor.name = name
    tensor.dims = values.shape.map(Int64.init)
    let own: ONNXTensorProto.DataType =
      switch values.dtype {
      case .i64: .int64
      case .f16: .float16
      case .u8: .uint8
      default: .float
      }
    tensor.dataType = Int32((type ?? own).rawValue)
    return tensor
  }

  private static func lent(
    _ name: String, _ values: Tensor, _ type: ONNXTensorProto.DataType?
  ) -> ONNXTensorProto {
    var tensor = described(name, values, type)
    tensor.dataLocation = .external
    tensor.externalData = values.withMemory { memory in
      [
        ("location", "*/_ORT_MEM_ADDR_/*"),
        ("offset", "\(UInt(bitPattern: memory.baseAddress))"), ("length", "\(memory.count)"),
      ].map { key, value in
        var entry = ONNXStringStringEntryProto()
        (entry.key, entry.value) = (key, value)
        return entry
      }
    }
    return tensor
  }

  private static func stored(
    _ name: String, _ constant: Constant, asHalf: Bool
  ) throws -> ONNXTensorProto {
    let values = asHalf ? constant.values.to(.f16) : constant.values
    if asHalf, values.to(.f32).magnitude().equal(.full([], .infinity)).to(.f32).sum().item > 0 {
      throw TorchError("\(name) has values beyond 65504, the largest that f16 holds")
    }
    var tensor = described(name, values, constant.type)
    tensor.rawData = Data(values.bytes)
    return tensor
  }
}
