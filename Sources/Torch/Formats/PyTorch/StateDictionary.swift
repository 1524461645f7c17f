import FunMatchFiles

/// Finds the state dictionary in what a `.pth` file holds.
enum StateDictionary {
  /// Keys of a checkpoint under which it is looked for, in this order: averages first, as timm does.
  static let keys = [
    "state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model", "net", "network",
    "params", "weights",
  ]

  /// What stands before all names where a network was wrapped: by DataParallel, by `torch.compile`, by
  /// Lightning.
  private static let wrappers = ["module.", "_orig_mod.", "model."]

  /// Names and indices (in `heap.tensors`) of the tensors.
  static func tensors(
    of value: PickleValue, in heap: PickleHeap, owner: String
  ) throws -> [(name: String, index: Int)] {
    guard case .dictionary(let index) = value else {
      throw FileError("\(owner) holds \(value.kind), expected a state dictionary")
    }
    let top = heap.dictionaries[index]
    var found: [(name: String, index: Int)] = []
    for key in keys where found.isEmpty {
      if case .dictionary(let inner)? = top[key] {
        found = tensors(heap.dictionaries[inner])
      }
    }
    if found.isEmpty { found = tensors(top) }
    guard !found.isEmpty || top.keys.isEmpty else {
      let contents = top.keys.prefix(6).map { key in
        "\(PickleGlobal.quoted(key)) (\(top[key]?.kind ?? ""))"
      }
      throw FileError(
        "\(owner) has no dictionary of tensors, neither itself nor under one of "
          + "\(keys.joined(separator: ", ")); it holds \(contents.joined(separator: ", "))"
          + (top.keys.count > 6 ? ", …" : ""))
    }
    for prefix in wrappers where found.allSatisfy({ $0.name.hasPrefix(prefix) }) {
      found = found.map { (String($0.name.dropFirst(prefix.count)), $0.index) }
    }
    return found
  }

  private static func tensors(_ dictionary: PickleHeap.Dictionary) -> [(name: String, index: Int)] {
    dictionary.keys.compactMap { key in
      if case .tensor(let index)? = dictionary[key] { (key, index) } else { nil }
    }
  }
}
