import Foundation

/// A thread that does one piece of work at a time beside its owner's. It is the same thread for all of them, so that what
/// libraries keep for each thread is made once. Where the system gives no thread, the owner does the work while it waits.
package final class WorkerThread {
  private let shared: Shared
  private let thread: pthread_t?

  /// Starts the thread.
  package init() {
    let shared = Shared()
    self.shared = shared
    thread = Workers.launch { shared.serve(waits: true) }
  }

  // No work goes on when the process ends.
  deinit {
    shared.end()
    if let thread { pthread_join(thread, nil) }
  }

  /// Begins a piece of work, after the one before.
  ///
  /// - Parameter work: what it changes is nobody else's until `wait` has returned; it is released by then.
  package func begin(_ work: @escaping () -> Void) {
    wait()
    shared.add(work)
  }

  /// Returns when the work is done.
  package func wait() {
    if thread == nil { shared.serve(waits: false) }
    shared.wait()
  }

  /// What both threads touch, one at a time.
  private final class Shared: @unchecked Sendable {
    private let condition = NSCondition()
    private var work: (() -> Void)?
    private var isBusy = false
    private var isOver = false

    func add(_ work: @escaping () -> Void) {
      condition.withLock {
        (self.work, isBusy) = (work, true)
        condition.broadcast()
      }
    }

    func wait() {
      condition.withLock {
        while isBusy { condition.wait() }
      }
    }

    func end() {
      condition.withLock {
        isOver = true
        condition.broadcast()
      }
    }

    func serve(waits: Bool) {
      while runNext(waits) {
        condition.withLock {
          isBusy = false
          condition.broadcast()
        }
      }
    }

    /// - Returns: false where there is nothing to do any more.
    private func runNext(_ waits: Bool) -> Bool {
      guard let work = take(waits) else { return false }
      work()
      return true
    }

    private func take(_ waits: Bool) -> (() -> Void)? {
      condition.withLock {
        while work == nil, waits, !isOver { condition.wait() }
        defer { work = nil }
        return work
      }
    }
  }
}
