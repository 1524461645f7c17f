import Foundation
import FunMatchTorch

/// Killing the tool in the middle of something. On a busy machine it may be done before it is killed, so
/// that a test has to see whether it was, and otherwise begins anew.
enum Kill {
  /// Waits until something is so and kills a process then, or so many microseconds later.
  ///
  /// - Returns: whether that ended it.
  static func landed(
    on process: Process, after delay: UInt32 = 0, once isSo: () throws -> Bool
  ) rethrows -> Bool {
    while process.isRunning, try !isSo() { usleep(500) }
    usleep(delay)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    return process.terminationReason == .uncaughtSignal
  }

  /// The processes that a process has started, as Linux tells.
  static func children(of parent: Int32) -> [Int32] {
    let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return numbers.compactMap { Int32($0) }.sorted().filter { number in
      let text = FileManager.default.contents(atPath: "/proc/\(number)/stat") ?? Data()
      // The name may hold anything; state and parent follow its last parenthesis.
      let words = String(decoding: text, as: UTF8.self).split(separator: ")").last?
        .split(separator: " ")
      return words.map { $0.count > 1 && Int32($0[1]) == parent } ?? false
    }
  }

  /// Repeats an attempt, each time with another name for a folder, until it succeeds.
  ///
  /// - Returns: the last name.
  static func retry(_ attempt: (String) throws -> Bool) throws -> String {
    for number in 1...12 {
      let name = "killed\(number)"
      if try attempt(name) { return name }
    }
    throw TorchError("twelve runs ended before they could be killed")
  }
}
