internal import CTorch
import Foundation

/// Processes that train together, each with rows of its own of every batch: libtorch's c10d, over Gloo.
///
/// What is said here of collectives is called by all processes in the same order. They throw when another process is gone,
/// with what that one said before.
public final class ProcessGroup: @unchecked Sendable {
  /// Number of this process, 0 being the first, which writes.
  public let rank: Int
  /// How many there are.
  public let size: Int
  let handle: ct_group
  private let lock = NSLock()
  private var stops = false
  private var wasSignalled = false
  private var ownWish: @Sendable () -> Wish = { .none }
  private var keys = 0

  /// The group that this process belongs to, if it does.
  nonisolated(unsafe) public private(set) static var current: ProcessGroup?

  /// Whether several processes can train together with this libtorch.
  public static var isPossible: Bool { ct_has_groups() }

  /// Waits for all processes and connects them.
  ///
  /// - Throws: `TorchError` when the first process cannot be reached or one does not come.
  public init(_ launch: Launch) throws {
    (rank, size) = (launch.rank, launch.size)
    let serves = launch.rank == 0 && !launch.hasAgent
    let interface = ProcessInfo.processInfo.environment["GLOO_SOCKET_IFNAME"] ?? ""
    var address = OwnAddress.toward(launch.host, port: launch.port) ?? "127.0.0.1"
    if OwnAddress.isLoopback(address), !OwnAddress.isLoopback(launch.host),
      launch.host != "localhost"
    {
      address = OwnAddress.reachable ?? address
    }
    var group = ct_group(pointer: nil)
    // As PyTorch names them, so that processes that were started again do not meet what the earlier ones left.
    let status = ct_group_join(
      launch.host, Int32(launch.port), "/funmatch/attempt_\(launch.restarts)", serves, address,
      interface, Int32(rank), Int32(size), Double(launch.timeout), &group)
    guard status == CT_OK else {
      throw TorchError(
        "process \(rank) of \(size) cannot join the others at \(launch.host):\(launch.port): "
          + Self.message)
    }
    handle = group
    Self.current = self
  }

  deinit { ct_group_leave(handle) }

  /// Ends the connections, once nobody holds the group any more: for programs, at their end.
  public static func leave() { current = nil }

  /// Whether this is the process that writes and speaks.
  public var isFirst: Bool { rank == 0 }

  /// The rows of a batch that this process takes, one after the other; the first processes take one more where the rows
  /// cannot be shared evenly.
  ///
  /// - Parameter rank: another process's number, if its rows are wanted.
  public func share(of rows: Range<Int>, rank: Int? = nil) -> Range<Int> {
    let rank = rank ?? self.rank
    let (each, rest) = rows.count.quotientAndRemainder(dividingBy: size)
    let start = rows.lowerBound + rank * each + min(rank, rest)
    return start..<start + each + (rank < rest ? 1 : 0)
  }

  /// Takes over the first process's values, in place.
  ///
  /// - Throws: `TorchError` when another process is gone.
  public func broadcast(_ values: Tensor) throws {
    try check(ct_group_broadcast(handle, values.handle))
  }

  /// (size, …): what each process gives, all of one shape and type.
  ///
  /// - Throws: `TorchError` when another process is gone.
  public func allGather(_ values: Tensor) throws -> Tensor {
    var result = ct_tensor.absent
    try check(ct_group_all_gather(handle, values.handle, &result))
    return Tensor(owning: result)
  }

  /// The first process's value on all of them.
  ///
  /// - Parameter value: called on the first alone; what it throws ends the group.
  /// - Throws: `TorchError` when another process is gone.
  public func shared<Value: Codable>(_ value: () throws -> Value) throws -> Value {
    keys += 1
    let key = "value/\(keys)"
    if isFirst {
      let own = try value()
      let data = try JSONEncoder().encode([own])
      try data.withUnsafeBytes { try check(ct_group_set(handle, key, $0.baseAddress, $0.count)) }
      return own
    }
    return try JSONDecoder().decode([Value].self, from: self.value(of: key))[0]
  }

  /// Tells all processes what each of them says of something.
  ///
  /// - Returns: in the order of their numbers.
  /// - Throws: `TorchError` when another process is gone.
  public func gathered(_ text: String) throws -> [String] {
    keys += 1
    let data = Data(text.utf8)
    try data.withUnsafeBytes {
      try check(ct_group_set(handle, "value/\(keys)/\(rank)", $0.baseAddress, $0.count))
    }
    return try (0..<size).map {
      String(decoding: try value(of: "value/\(keys)/\($0)"), as: UTF8.self)
    }
  }

  private func value(of key: String) throws -> Data {
    var (bytes, count) = (UnsafeMutableRawPointer?.none, 0)
    try check(ct_group_get(handle, key, &bytes, &count))
    guard let bytes else { return Data() }
    return Data(bytesNoCopy: bytes, count: count, deallocator: .free)
  }

  /// Has the others end with this sentence.
  ///
  /// - Returns: whether this process is the first to fail.
  public func fail(_ sentence: String) -> Bool {
    var isFirst = true
    return ct_group_fail(handle, sentence, &isFirst) != CT_OK || isFirst
  }

  // MARK: Stopping together

  /// Whether a process wants all of them to stop, as a number of which sums travel.
  public enum Wish: Float, Sendable {
    /// It does not.
    case none = 0
    /// It has worked as long as it was to.
    case stop = 1
    /// It was told to by a signal. More than all that may want to stop otherwise.
    case signal = 131_072
  }

  /// What asks whether this process wants all of them to stop.
  public func wish(_ body: @escaping @Sendable () -> Wish) { lock.withLock { ownWish = body } }

  /// Whether this process wants all of them to stop.
  public var wish: Wish { lock.withLock { ownWish }() }

  /// Takes note of what all told in a collective, the same on all.
  ///
  /// - Parameter wishes: the sum, or the largest, of their wishes.
  public func agree(_ wishes: Float) {
    lock.withLock {
      stops = stops || wishes > 0
      wasSignalled = wasSignalled || wishes >= Wish.signal.rawValue
    }
  }

  /// Whether all of them know that one wants to stop.
  public var isStopping: Bool { lock.withLock { stops } }

  /// Whether they stop because one of them was told to by a signal.
  public var isSignalled: Bool { lock.withLock { wasSignalled } }

  private func check(_ status: Int32) throws {
    guard status == CT_OK else { throw TorchError(Self.message) }
  }

  private static var message: String { String(cString: ct_last_error()) }
}

extension ProcessGroup: Hashable {
  /// Whether it is the very same.
  public static func == (one: ProcessGroup, other: ProcessGroup) -> Bool { one === other }

  /// Of the object.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
