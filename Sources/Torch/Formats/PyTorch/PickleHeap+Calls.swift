import FunMatchFiles

/// What stands in for the functions that a `.pth` file calls.
extension PickleHeap {
  /// The value of `global(arguments…)`.
  mutating func call(
    _ global: PickleGlobal, _ arguments: [PickleValue], at cursor: PickleCursor
  ) throws -> PickleValue {
    let wrong = cursor.failure("calls \(global.name) with other arguments than torch writes")
    switch global {
    case .orderedDict:
      let result = dictionary(isOrdered: true)
      guard let first = arguments.first else { return result }
      // As Python 2 wrote them: a list of pairs.
      guard let pairs = items(first), case .dictionary(let index) = result else { throw wrong }
      for pair in pairs {
        guard let pair = items(pair), pair.count == 2 else { throw wrong }
        if case .string(let key) = pair[0] { dictionaries[index][key] = pair[1] }
      }
      return result
    case .set:
      guard arguments.count <= 1, let items = arguments.isEmpty ? [] : items(arguments[0])
      else { throw wrong }
      return list(items)
    case .encode: return .bytes
    case .size:
      guard arguments.count == 1, let sizes = items(arguments[0]) else { throw wrong }
      return tuple(sizes)
    case .device:
      guard case .string(let name)? = arguments.first else { throw wrong }
      return .string(name)
    case .tensor, .tensorV2, .tensorV3:
      return try tensor(global, arguments, wrong, at: cursor)
    case .parameter, .parameterWithState:
      guard case .tensor? = arguments.first else { throw wrong }
      return arguments[0]
    case .dtype, .storage:
      throw wrong
    }
  }

  /// Arguments: storage, offset, sizes, strides, whether it requires a gradient, hooks, in version
  /// 3 the element type, metadata.
  private mutating func tensor(
    _ global: PickleGlobal, _ arguments: [PickleValue], _ wrong: FileError,
    at cursor: PickleCursor
  ) throws -> PickleValue {
    guard arguments.count >= 4, case .storage(let index) = arguments[0],
      case .int(let offset) = arguments[1], let shape = integers(arguments[2]),
      let strides = integers(arguments[3])
    else { throw wrong }
    guard shape.count <= Extent.maximumRank, strides.count <= Extent.maximumRank else {
      throw cursor.failure("a tensor of more than \(Extent.maximumRank) dimensions")
    }
    let storage = storages[index]
    var dtype = storage.dtype
    if global == .tensorV3 {
      guard arguments.count >= 7, case .global(.dtype(let named)) = arguments[6] else {
        throw wrong
      }
      dtype = named
    }
    guard let dtype else {
      throw cursor.failure(
        "a tensor of a type that is not read, expected one of "
          + DType.allCases.map { "\($0)" }.joined(separator: " "))
    }
    let metadata = arguments.dropFirst(global == .tensorV3 ? 7 : 6).first
    if case .dictionary(let index)? = metadata, !dictionaries[index].keys.isEmpty {
      throw cursor.failure(
        "a tensor that is negated or conjugated only when used; save its clone()")
    }
    guard
      let tensor = PickledTensor(
        storage: index, available: storage.byteCount, dtype: dtype, shape: shape,
        strides: strides, offset: offset)
    else {
      throw cursor.failure(
        "a tensor of shape \(shape), strides \(strides) at element \(offset) does not lie in its "
          + "storage of \(storage.byteCount / dtype.size) elements")
    }
    return self.tensor(tensor)
  }

  /// The storage that `name` stands for: ('storage', type, key, device, elements), and in legacy
  /// files the part that is meant, None for all of it.
  mutating func storage(
    named name: PickleValue, at cursor: PickleCursor
  ) throws -> PickleValue {
    guard case .tuple(let index) = name, (5...6).contains(tuples[index].count),
      case .string("storage") = tuples[index][0],
      case .global(.storage(let dtype)) = tuples[index][1],
      case .string(let key) = tuples[index][2],
      case .int(let count) = tuples[index][4]
    else {
      throw cursor.failure("refers to \(name.kind) outside the pickle, expected a storage")
    }
    if tuples[index].count == 6 {
      guard case .none = tuples[index][5] else {
        throw cursor.failure(
          "refers to a part of a storage, which only torch's first versions wrote; load it with "
            + "torch and save it again")
      }
    }
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: dtype?.size ?? 1)
    guard count >= 0, !overflow else { throw cursor.failure("a storage of \(count) elements") }
    let storage = PickledStorage(key: key, dtype: dtype, byteCount: byteCount)
    guard let value = self.storage(storage) else {
      throw cursor.failure(
        "storage '\(PickleGlobal.quoted(key))' has one type and size first and others later")
    }
    return value
  }
}
