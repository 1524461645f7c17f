import FunMatchFiles

/// The only Python names that a `.pth` file may ask for. None stands for code that is run: each is
/// a case below that the unpickler knows what to do with.
enum PickleGlobal: Hashable {
  case orderedDict
  case set
  /// `_codecs.encode`, with which protocol 2 writes bytes.
  case encode
  case size
  case device
  /// An element type; nil for one that a `Tensor` cannot have.
  case dtype(DType?)
  /// A storage's type; nil for an untyped one.
  case storage(DType?)
  case tensor
  case tensorV2
  case tensorV3
  case parameter
  case parameterWithState

  /// For sentences; not the whole name.
  var name: String {
    switch self {
    case .orderedDict: "the class OrderedDict"
    case .set: "the class set"
    case .encode: "the function encode"
    case .size: "the class torch.Size"
    case .device: "the class torch.device"
    case .dtype: "a torch.dtype"
    case .storage: "a storage's class"
    case .tensor, .tensorV2, .tensorV3: "a function that makes a tensor"
    case .parameter, .parameterWithState: "a function that makes a parameter"
    }
  }

  private static let known: [String: PickleGlobal] = [
    "collections.OrderedDict": .orderedDict,
    "builtins.set": .set, "__builtin__.set": .set,
    "builtins.frozenset": .set, "__builtin__.frozenset": .set,
    "_codecs.encode": .encode,
    "torch.Size": .size, "torch.device": .device,
    "torch._utils._rebuild_tensor": .tensor,
    "torch._utils._rebuild_tensor_v2": .tensorV2,
    "torch._utils._rebuild_tensor_v3": .tensorV3,
    "torch._utils._rebuild_parameter": .parameter,
    "torch._utils._rebuild_parameter_with_state": .parameterWithState,
  ]

  private static let dtypes: [String: DType] = [
    "float32": .f32, "float64": .f64, "float16": .f16, "bfloat16": .bf16,
    "int64": .i64, "int32": .i32, "uint8": .u8, "bool": .bool,
  ]

  private static let otherDTypes: Set<String> = [
    "int8", "int16", "uint16", "uint32", "uint64", "complex32", "complex64", "complex128",
    "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu",
    "quint8", "qint8", "qint32", "quint4x2", "quint2x4",
  ]

  private static let storages: [String: DType] = [
    "Float": .f32, "Double": .f64, "Half": .f16, "BFloat16": .bf16,
    "Long": .i64, "Int": .i32, "Byte": .u8, "Bool": .bool,
  ]

  /// Names that real files use for what is not read here.
  private static let unread: [String: String] = [
    "torch._utils._rebuild_qtensor": "a quantised tensor",
    "torch._utils._rebuild_sparse_tensor": "a sparse tensor",
    "torch._utils._rebuild_sparse_csr_tensor": "a sparse tensor",
    "torch._utils._rebuild_nested_tensor": "a nested tensor",
    "torch._utils._rebuild_meta_tensor_no_storage": "a tensor without values",
    "torch._tensor._rebuild_from_type_v2": "a tensor of a class of its own",
    "numpy.core.multiarray.scalar": "a NumPy number",
    "numpy._core.multiarray.scalar": "a NumPy number",
    "numpy.core.multiarray._reconstruct": "a NumPy array",
    "numpy._core.multiarray._reconstruct": "a NumPy array",
  ]

  /// The global of this name.
  ///
  /// - Throws: `FileError` that names it when it is none of those known.
  init(module: String, name: String, owner: String) throws {
    let full = module + "." + name
    if let known = Self.known[full] {
      self = known
    } else if module == "torch", let dtype = Self.dtypes[name] {
      self = .dtype(dtype)
    } else if module == "torch", Self.otherDTypes.contains(name) {
      self = .dtype(nil)
    } else if name.hasSuffix("Storage"), ["torch", "torch.storage", "torch.cuda"].contains(module) {
      self = .storage(try Self.element(ofStorage: name, full: full, owner: owner))
    } else if let unread = Self.unread[full] {
      throw FileError(
        "\(owner) holds \(unread) (\(full)), expected dense tensors and Python's own numbers: "
          + "refused, nothing was run")
    } else {
      throw FileError(
        "\(owner) asks for \(Self.quoted(full)), which is not a tensor, container or number: "
          + "refused, nothing was run")
    }
  }

  private static func element(
    ofStorage name: String, full: String, owner: String
  ) throws -> DType? {
    if name == "UntypedStorage" { return nil }
    guard let dtype = storages[String(name.dropLast("Storage".count))] else {
      throw FileError(
        "\(owner) holds a \(quoted(full)), whose elements are not read; expected Float, Double, "
          + "Half, BFloat16, Long, Int, Byte or Bool: refused, nothing was run")
    }
    return dtype
  }

  /// A name from the file, fit to be printed.
  static func quoted(_ name: String) -> String {
    let printable = name.unicodeScalars.prefix(100).map { scalar in
      scalar.isASCII && scalar.value > 0x20 && scalar.value < 0x7f ? Character(scalar) : "?"
    }
    return String(printable)
  }
}
