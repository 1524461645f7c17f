import Foundation

/// How much memory this process has.
package enum ProcessMemory {
  /// Bytes that are in memory now; `nil` where the system does not tell.
  package static var resident: Int? { pages(1) }

  /// Bytes that this process may still take: of its machine, of the jobs that it belongs to, and of its address space; `nil`
  /// where the system does not tell.
  package static var available: Int? {
    #if os(Linux)
      guard let free = line("/proc/meminfo", "MemAvailable:").map({ $0 * 1024 }) else { return nil }
      return min(free, ControlGroup.room ?? .max, addressSpace ?? .max)
    #else
      return nil
    #endif
  }

  /// The most that were ever in memory.
  package static var peak: Int {
    #if os(Linux)
      // What `getrusage` tells begins with the peak of whoever started this process.
      if let kilobytes = line("/proc/self/status", "VmHWM:") { return kilobytes * 1024 }
    #endif
    var usage = rusage()
    #if os(Linux)
      getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss * 1024
    #else
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #endif
  }

  /// A number of `/proc/self/statm` in bytes: 0 the address space, 1 what is in memory.
  private static func pages(_ place: Int) -> Int? {
    #if os(Linux)
      guard let bytes = FileManager.default.contents(atPath: "/proc/self/statm") else { return nil }
      let pages = String(decoding: bytes, as: UTF8.self).split(separator: " ")
      return pages.indices.contains(place)
        ? Int(pages[place]).map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) } : nil
    #else
      return nil
    #endif
  }

  #if os(Linux)
    /// What `ulimit -v` leaves; `nil` without a limit.
    private static var addressSpace: Int? {
      var limit = rlimit()
      guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0,
        let most = Int(exactly: limit.rlim_cur), let taken = pages(0)
      else { return nil }
      return max(0, most - taken)
    }

    /// The number behind a word at the beginning of a line.
    private static func line(_ path: String, _ word: String) -> Int? {
      let text = String(
        decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
      return text.split(separator: "\n").first { $0.hasPrefix(word) }
        .flatMap { $0.split(whereSeparator: \.isWhitespace).dropFirst().first }.flatMap { Int($0) }
    }
  #endif
}
