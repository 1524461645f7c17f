import Foundation

/// Spreads work over threads.
package enum Workers {
  /// Calls `work` once for every index in 0 ..< `count`, from `threads` threads at once, each with a
  /// state of its own.
  package static func run<State>(
    count: Int, threads: Int, state: @Sendable () -> State,
    work: @Sendable (inout State, Int) -> Void
  ) {
    let threads = max(1, min(threads, count))
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      var state = state()
      // Neighbours often cost alike, so they go to different threads.
      for index in stride(from: thread, to: count, by: threads) { work(&state, index) }
    }
  }

  /// The results of `work` for every index in 0 ..< `count`, as `run` calls it.
  package static func map<State, Result: Sendable>(
    count: Int, threads: Int, state: @Sendable () -> State,
    work: @Sendable (inout State, Int) -> Result
  ) -> [Result] {
    let results = Slots<Result>(count: count)
    run(count: count, threads: threads, state: state) { state, index in
      results.slots[index] = work(&state, index)
    }
    return results.slots.compactMap { $0 }
  }

  /// The results of `work` for every index in 0 ..< `count`; as many threads as there are cores.
  package static func map<Result: Sendable>(
    count: Int, _ work: @Sendable (Int) throws -> Result
  ) throws -> [Result] {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    return try map(count: count, threads: cores, state: {}) { _, index in
      Swift.Result { try work(index) }
    }.map { try $0.get() }
  }

  /// Each thread writes slots that no other touches.
  private final class Slots<Value>: @unchecked Sendable {
    let slots: UnsafeMutableBufferPointer<Value?>

    init(count: Int) {
      slots = .allocate(capacity: count)
      slots.initialize(repeating: nil)
    }

    deinit {
      slots.deinitialize()
      slots.deallocate()
    }
  }
}
