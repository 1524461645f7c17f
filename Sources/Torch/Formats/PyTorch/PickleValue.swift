/// A value on an unpickler's stack.
///
/// Containers, storages and tensors are numbers into the `PickleHeap`: two names for one list stay
/// one list, a list that holds itself leaks nothing, and no nesting, however deep, makes anything
/// here recurse.
enum PickleValue {
  case none
  case bool(Bool)
  case int(Int)
  /// An integer beyond 64 bits: two's complement, little-endian.
  case long([UInt8])
  case float(Double)
  case string(String)
  /// Bytes, which nothing here asks for the contents of.
  case bytes
  case tuple(Int)
  /// A list or a set.
  case list(Int)
  case dictionary(Int)
  case global(PickleGlobal)
  case storage(Int)
  case tensor(Int)

  /// What it is, for a sentence.
  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a bool"
    case .int, .long: "an integer"
    case .float: "a number"
    case .string: "a string"
    case .bytes: "bytes"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dictionary"
    case .global(let global): global.name
    case .storage: "a storage"
    case .tensor: "a tensor"
    }
  }
}

/// What the pickles of a file hold, each thing once.
struct PickleHeap {
  /// A dict or an OrderedDict; entries whose key is no string are left out.
  struct Dictionary {
    let isOrdered: Bool
    private(set) var keys: [String] = []
    private var values: [String: PickleValue] = [:]

    init(isOrdered: Bool) { self.isOrdered = isOrdered }

    /// Sets like Python's: the place of the first, the value of the last.
    subscript(key: String) -> PickleValue? {
      get { values[key] }
      set { if values.updateValue(newValue ?? .none, forKey: key) == nil { keys.append(key) } }
    }
  }

  var tuples: [[PickleValue]] = []
  var lists: [[PickleValue]] = []
  var dictionaries: [Dictionary] = []
  var storages: [PickledStorage] = []
  var tensors: [PickledTensor] = []

  /// Where the storages are in `storages`.
  private(set) var storageIndices: [String: Int] = [:]

  mutating func tuple(_ items: [PickleValue]) -> PickleValue {
    tuples.append(items)
    return .tuple(tuples.count - 1)
  }

  mutating func list(_ items: [PickleValue]) -> PickleValue {
    lists.append(items)
    return .list(lists.count - 1)
  }

  mutating func dictionary(isOrdered: Bool) -> PickleValue {
    dictionaries.append(Dictionary(isOrdered: isOrdered))
    return .dictionary(dictionaries.count - 1)
  }

  mutating func tensor(_ tensor: PickledTensor) -> PickleValue {
    tensors.append(tensor)
    return .tensor(tensors.count - 1)
  }

  /// A storage, which every tensor in it names again; nil when they disagree about it.
  mutating func storage(_ storage: PickledStorage) -> PickleValue? {
    if let index = storageIndices[storage.key] {
      return storages[index] == storage ? .storage(index) : nil
    }
    storageIndices[storage.key] = storages.count
    storages.append(storage)
    return .storage(storages.count - 1)
  }

  /// The items of a tuple, list or set.
  func items(_ value: PickleValue) -> [PickleValue]? {
    switch value {
    case .tuple(let index): tuples[index]
    case .list(let index): lists[index]
    default: nil
    }
  }

  /// A tuple or list of integers.
  func integers(_ value: PickleValue) -> [Int]? {
    guard let items = items(value) else { return nil }
    var integers: [Int] = []
    for item in items {
      guard case .int(let integer) = item else { return nil }
      integers.append(integer)
    }
    return integers
  }
}
