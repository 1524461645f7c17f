import FunMatchFiles

/// Finds the state dictionary in what a `.pth` file holds.
struct StateDictionary {
  /// Where it is, such as `model_ema`; nested keys with dots between them, `nil`: the file's own dictionary.
  let key: String?
  /// Names and indices (in `heap.tensors`) of the tensors.
  let tensors: [(name: String, index: Int)]

  /// Keys of a checkpoint under which it is looked for, in this order: averages first, as timm does.
  static let keys = [
    "state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model", "net", "network",
    "params", "weights",
  ]

  /// - Parameter wanted: the key that it is under; without it, it is looked for.
  /// - Throws: `FileError` when there is none, or several and nothing tells which is meant.
  init(of value: PickleValue, in heap: PickleHeap, key wanted: String?, owner: String) throws {
    guard case .dictionary(let index) = value else {
      throw FileError("\(owner) holds \(value.kind), expected a state dictionary")
    }
    let top = heap.dictionaries[index]
    if let wanted {
      guard let inner = Self.dictionary(wanted[...], in: top, heap) else {
        throw FileError(
          "\(owner) has no dictionary under the key '\(wanted)'; it holds \(Self.contents(top))")
      }
      (key, tensors) = (wanted, Self.tensors(inner))
      guard !tensors.isEmpty else {
        throw FileError(
          "\(owner) has no tensors under the key '\(wanted)'; it holds \(Self.contents(inner))")
      }
      return
    }
    for known in Self.keys {
      guard case .dictionary(let inner)? = top[known] else { continue }
      let found = Self.tensors(heap.dictionaries[inner])
      guard found.isEmpty else {
        (key, tensors) = (known, found)
        return
      }
    }
    let own = Self.tensors(top)
    // A step or an epoch may be a tensor, too.
    let others =
      own.allSatisfy { heap.tensors[$0.index].shape.isEmpty } ? Self.others(top, heap) : []
    guard others.count <= 1 else {
      let names = others.map { PickleGlobal.quoted($0.key) }
      throw FileError(
        "\(owner) holds several dictionaries of tensors (\(names.prefix(6).joined(separator: ", "))"
          + "\(names.count > 6 ? ", …" : "")); `funmatch import --key \(names[0])` and its like say which is meant, "
          + "in a recipe `key: \(names[0])` beside `weights`"
      )
    }
    (key, tensors) =
      others.first.map { ($0.key, Self.tensors(heap.dictionaries[$0.index])) }
      ?? (nil, own)
    guard !tensors.isEmpty || top.keys.isEmpty else {
      throw FileError(
        "\(owner) has no dictionary of tensors, neither itself nor under one of "
          + "\(Self.keys.joined(separator: ", ")); it holds \(Self.contents(top))")
    }
  }

  /// Dictionaries with tensors under keys that nobody knows, or under a known one of those.
  private static func others(
    _ top: PickleHeap.Dictionary, _ heap: PickleHeap
  ) -> [(key: String, index: Int)] {
    // Many keys may lead to one dictionary.
    var known: [Int: Bool] = [:]
    func hasTensors(_ index: Int) -> Bool {
      if let answer = known[index] { return answer }
      let dictionary = heap.dictionaries[index]
      let answer = dictionary.keys.contains {
        if case .tensor? = dictionary[$0] { true } else { false }
      }
      known[index] = answer
      return answer
    }
    return top.keys.compactMap { key in
      guard case .dictionary(let index)? = top[key] else { return nil }
      if hasTensors(index) { return (key, index) }
      for inner in keys {
        if case .dictionary(let nested)? = heap.dictionaries[index][inner], hasTensors(nested) {
          return (key + "." + inner, nested)
        }
      }
      return nil
    }
  }

  /// The dictionary under a key that may have dots in it or lead from one dictionary to the next.
  private static func dictionary(
    _ key: Substring, in outer: PickleHeap.Dictionary, _ heap: PickleHeap
  ) -> PickleHeap.Dictionary? {
    if case .dictionary(let index)? = outer[String(key)] { return heap.dictionaries[index] }
    for dot in key.indices where key[dot] == "." {
      guard case .dictionary(let index)? = outer[String(key[..<dot])] else { continue }
      return dictionary(key[key.index(after: dot)...], in: heap.dictionaries[index], heap)
    }
    return nil
  }

  private static func contents(_ dictionary: PickleHeap.Dictionary) -> String {
    let shown = dictionary.keys.prefix(6).map { key in
      "\(PickleGlobal.quoted(key)) (\(dictionary[key]?.kind ?? ""))"
    }
    return (shown.isEmpty ? "nothing" : shown.joined(separator: ", "))
      + (dictionary.keys.count > 6 ? ", …" : "")
  }

  private static func tensors(_ dictionary: PickleHeap.Dictionary) -> [(name: String, index: Int)] {
    dictionary.keys.compactMap { key in
      if case .tensor(let index)? = dictionary[key] { (key, index) } else { nil }
    }
  }
}
