import Foundation
import FunMatchFiles
import FunMatchTestSupport
import Testing

struct WorkerThreadTests {
  @Test func workIsDoneInOrderOnOneOtherThread() {
    let thread = WorkerThread()
    var seen: [Int] = []
    var threads: [pthread_t] = []
    for number in 0..<100 {
      thread.begin {
        seen.append(number)
        threads.append(pthread_self())
      }
      if number.isMultiple(of: 3) { thread.wait() }
    }
    thread.wait()
    #expect(seen == Array(0..<100))
    #expect(threads.allSatisfy { pthread_equal($0, threads[0]) != 0 })
    #expect(pthread_equal(threads[0], pthread_self()) == 0)
  }

  /// A closure that may not escape has not when its owner goes on.
  @Test func workIsReleasedWhenItIsDone() {
    final class Token {}
    let thread = WorkerThread()
    for _ in 0..<1000 {
      weak var left: Token?
      do {
        let token = Token()
        left = token
        thread.begin { _ = Unmanaged.passUnretained(token) }
      }
      thread.wait()
      #expect(left == nil)
    }
  }

  @Test func workIsDoneBeforeItsThreadIsGone() {
    final class Box { var isDone = false }
    let box = Box()
    do {
      let thread = WorkerThread()
      thread.begin {
        usleep(20_000)
        box.isDone = true
      }
    }
    #expect(box.isDone)
  }

  #if os(Linux)
    @Test func withoutAThreadTheOwnerDoesTheWork() async {
      await #expect(processExitsWith: .success) {
        try refuseThreads()
        let thread = WorkerThread()
        var threads: [pthread_t] = []
        for _ in 0..<3 { thread.begin { threads.append(pthread_self()) } }
        thread.wait()
        #expect(threads.count == 3)
        #expect(threads.allSatisfy { pthread_equal($0, pthread_self()) != 0 })
      }
    }
  #endif
}
