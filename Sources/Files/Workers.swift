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
    withoutActuallyEscaping(state) { state in
      withoutActuallyEscaping(work) { work in
        @Sendable func take(_ thread: Int) {
          var state = state()
          // Neighbours often cost alike, so they go to different threads.
          for index in stride(from: thread, to: count, by: threads) { work(&state, index) }
        }
        var started: [pthread_t] = []
        var missing = [0]
        for number in 1..<threads {
          if let thread = launch({ take(number) }) {
            started.append(thread)
          } else {
            missing.append(number)
          }
        }
        for number in missing { take(number) }
        for thread in started { pthread_join(thread, nil) }
      }
    }
  }

  /// Starts a thread that nobody waits for.
  ///
  /// - Returns: false where the system has no more. Those of Foundation and of Dispatch would be waited for for ever then.
  package static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    guard let thread = launch(body) else { return false }
    pthread_detach(thread)
    return true
  }

  /// Starts a thread, which is to be joined or detached; `nil` where the system has no more.
  static func launch(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    final class Body: Sendable {
      let run: @Sendable () -> Void
      init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    let context = Unmanaged.passRetained(Body(body))
    #if os(Linux)
      var thread = pthread_t()
      let code = pthread_create(
        &thread, nil,
        { context in
          if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
          return nil
        }, context.toOpaque())
    #else
      var thread: pthread_t?
      let code = pthread_create(
        &thread, nil,
        { context in
          Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
          return nil
        }, context.toOpaque())
    #endif
    guard code == 0 else {
      context.release()
      return nil
    }
    return thread
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
