import FunMatchFiles

/// Reads pickles without running anything: a small stack machine that knows containers, numbers,
/// strings and torch's dense tensors.
///
/// Each instruction takes a byte or more and leaves at most one value, and their number is limited,
/// so the memory for a hostile pickle is bounded whatever it says. Whatever names a class or
/// function beyond `PickleGlobal` is an error at once, used or not.
struct Unpickler {
  /// A tensor takes about 30.
  private static let maximumSteps = 1 << 21
  /// Longest pickle that is looked at; state dictionaries take about 200 bytes a tensor.
  static let maximumSize = 64 << 20

  private(set) var heap = PickleHeap()
  private var cursor: PickleCursor
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  private var steps = 0

  init(_ bytes: [UInt8], owner: String) { cursor = PickleCursor(bytes, owner: owner) }

  /// Bytes that the pickles so far took.
  var position: Int { cursor.position }

  /// The next pickle's value.
  mutating func load() throws -> PickleValue {
    (stack, marks, memo) = ([], [], [:])
    while true {
      let code = try cursor.take(1).first ?? 0
      guard let opcode = PickleOpcode(rawValue: code) else {
        throw failure("no instruction of protocols 2 to 5 has the number \(code)")
      }
      try spend(1)
      if opcode == .stop {
        let value = try pop()
        guard stack.isEmpty, marks.isEmpty else { throw failure("ends with values left over") }
        return value
      }
      try step(opcode)
    }
  }

  private mutating func step(_ opcode: PickleOpcode) throws {
    switch opcode {
    case .stop: break
    case .proto:
      let version = try cursor.unsigned(1)
      guard version <= 5 else { throw failure("protocol \(version), expected 2 to 5") }
    case .frame:
      // How much to read at once; all of it is here.
      _ = try cursor.take(8)
    case .mark: marks.append(stack.count)
    case .pop where marks.last == stack.count: marks.removeLast()
    case .pop: _ = try pop()
    case .popMark: _ = try popToMark()

    case .none: stack.append(.none)
    case .newTrue: stack.append(.bool(true))
    case .newFalse: stack.append(.bool(false))
    case .binInt: stack.append(integer(try cursor.take(4)))
    case .binInt1: stack.append(.int(try cursor.unsigned(1)))
    case .binInt2: stack.append(.int(try cursor.unsigned(2)))
    case .long1: stack.append(integer(try cursor.take(try cursor.unsigned(1))))
    case .long4: stack.append(integer(try cursor.take(try cursor.unsigned(4))))
    case .binFloat:
      let bits = try cursor.take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      stack.append(.float(Double(bitPattern: bits)))
    case .shortBinUnicode, .shortBinString: try pushString(lengthSize: 1)
    case .binUnicode, .binString: try pushString(lengthSize: 4)
    case .binUnicode8: try pushString(lengthSize: 8)
    case .shortBinBytes: try pushBytes(lengthSize: 1)
    case .binBytes: try pushBytes(lengthSize: 4)
    case .binBytes8, .byteArray8: try pushBytes(lengthSize: 8)

    case .emptyTuple: stack.append(heap.tuple([]))
    case .tuple1: stack.append(heap.tuple(try pop(1)))
    case .tuple2: stack.append(heap.tuple(try pop(2)))
    case .tuple3: stack.append(heap.tuple(try pop(3)))
    case .tuple: stack.append(heap.tuple(try popToMark()))
    case .emptyList, .emptySet: stack.append(heap.list([]))
    case .frozenSet: stack.append(heap.list(try popToMark()))
    case .append: try append(try pop(1))
    case .appends, .addItems: try append(try popToMark())
    case .emptyDict: stack.append(heap.dictionary(isOrdered: false))
    case .setItem: try setItems(try pop(2))
    case .setItems: try setItems(try popToMark())

    case .binPut: memo[try cursor.unsigned(1)] = try top()
    case .longBinPut: memo[try cursor.unsigned(4)] = try top()
    case .memoize: memo[memo.count] = try top()
    case .binGet: try get(try cursor.unsigned(1))
    case .longBinGet: try get(try cursor.unsigned(4))

    case .global: try pushGlobal(module: try cursor.line(), name: try cursor.line())
    case .stackGlobal:
      let names = try pop(2)
      guard case .string(let module) = names[0], case .string(let name) = names[1] else {
        throw failure("asks for \(names[0].kind) of \(names[1].kind), expected names")
      }
      try pushGlobal(module: module, name: name)
    case .reduce:
      let call = try pop(2)
      guard case .global(let global) = call[0], case .tuple(let index) = call[1] else {
        throw failure("calls \(call[0].kind) with \(call[1].kind): refused, nothing was run")
      }
      // What is called may go through all of its arguments, and they can be the same each time.
      try spend(heap.tuples[index].reduce(0) { $0 + (heap.items($1)?.count ?? 0) })
      stack.append(try heap.call(global, heap.tuples[index], at: cursor))
    case .build:
      _ = try pop()
      // A state dictionary's attribute are the versions of its layers, of no use here.
      guard case .dictionary(let index) = try top(), heap.dictionaries[index].isOrdered else {
        throw failure("sets attributes of \(try top().kind): refused, nothing was run")
      }
    case .binPersID: stack.append(try heap.storage(named: try pop(), at: cursor))

    case .inst:
      try pushGlobal(module: try cursor.line(), name: try cursor.line())
      throw failure("makes an object, expected containers and numbers: refused, nothing was run")
    case .obj, .newObj, .newObjEx:
      throw failure("makes an object, expected containers and numbers: refused, nothing was run")
    case .ext1: throw unregistered(try cursor.unsigned(1))
    case .ext2: throw unregistered(try cursor.unsigned(2))
    case .ext4: throw unregistered(try cursor.unsigned(4))
    case .nextBuffer, .readOnlyBuffer:
      throw failure("asks for a buffer outside the file, expected none")
    }
  }

  private mutating func spend(_ count: Int) throws {
    steps += count
    guard steps <= Self.maximumSteps else {
      throw failure("more than \(Self.maximumSteps) instructions")
    }
  }

  private func failure(_ text: String) -> FileError { cursor.failure(text) }

  /// The value on top, which stays. What lies below a mark is not to be had before the mark.
  private func top() throws -> PickleValue {
    guard let value = stack.last, stack.count > marks.last ?? 0 else {
      throw failure("a value expected before this, found none")
    }
    return value
  }

  private mutating func pop() throws -> PickleValue {
    let value = try top()
    stack.removeLast()
    return value
  }

  private mutating func pop(_ count: Int) throws -> [PickleValue] {
    guard stack.count - count >= marks.last ?? 0 else {
      throw failure("\(count) values expected before this")
    }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popToMark() throws -> [PickleValue] {
    guard let mark = marks.popLast() else { throw failure("a mark expected before this") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private mutating func append(_ items: [PickleValue]) throws {
    guard case .list(let index) = try top() else {
      throw failure("appends to \(try top().kind), expected a list")
    }
    heap.lists[index] += items
  }

  private mutating func setItems(_ items: [PickleValue]) throws {
    guard case .dictionary(let index) = try top(), items.count.isMultiple(of: 2) else {
      throw failure("sets \(items.count) items of \(try top().kind), expected keys and values")
    }
    for position in stride(from: 0, to: items.count, by: 2) {
      guard case .string(let key) = items[position] else { continue }
      heap.dictionaries[index][key] = items[position + 1]
    }
  }

  private mutating func get(_ index: Int) throws {
    guard let value = memo[index] else { throw failure("value \(index) was never remembered") }
    stack.append(value)
  }

  private func integer(_ bytes: ArraySlice<UInt8>) -> PickleValue {
    PickleCursor.signed(bytes).map { .int($0) } ?? .long(Array(bytes))
  }

  private mutating func pushString(lengthSize: Int) throws {
    stack.append(.string(try cursor.string(try cursor.unsigned(lengthSize))))
  }

  private mutating func pushBytes(lengthSize: Int) throws {
    _ = try cursor.take(try cursor.unsigned(lengthSize))
    stack.append(.bytes)
  }

  private mutating func pushGlobal(module: String, name: String) throws {
    do {
      stack.append(.global(try PickleGlobal(module: module, name: name, owner: cursor.owner)))
    } catch {
      // A legacy file names the class of a module in a storage's way.
      if case .string("module")? = stack.last { throw object(of: module + "." + name) }
      throw cursor.makesObject ? object(of: module + "." + name) : error
    }
  }

  private func unregistered(_ number: Int) -> FileError {
    failure("asks for what Python calls extension \(number): refused, nothing was run")
  }

  private func object(of name: String) -> FileError {
    FileError(
      "\(cursor.owner) holds an object of class \(PickleGlobal.quoted(name)), expected a state "
        + "dictionary: refused, nothing was run; save the model's state_dict() alone, such as by "
        + "torch.save(torch.load(FILE, weights_only=False)['state_dict'], 'weights.pth') of a checkpoint"
    )
  }
}
