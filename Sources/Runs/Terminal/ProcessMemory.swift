import Foundation

/// How much memory this process has.
package enum ProcessMemory {
  /// Bytes that are in memory now; `nil` where the system does not tell.
  static var resident: Int? {
    #if os(Linux)
      guard let bytes = FileManager.default.contents(atPath: "/proc/self/statm") else { return nil }
      let pages = String(decoding: bytes, as: UTF8.self).split(separator: " ").dropFirst().first
      return pages.flatMap { Int($0) }.map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) }
    #else
      return nil
    #endif
  }

  /// Bytes that this process may still take; `nil` where the system does not tell.
  package static var available: Int? {
    #if os(Linux)
      func number(_ path: String) -> Int? {
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        return Int(
          String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
      }
      let information = FileManager.default.contents(atPath: "/proc/meminfo") ?? Data()
      let line = String(decoding: information, as: UTF8.self).split(separator: "\n")
        .first { $0.hasPrefix("MemAvailable:") }
      guard let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
      else { return nil }
      // A container may have less than its machine.
      let groups = "/sys/fs/cgroup/memory."
      let limit = number(groups + "max").flatMap { most in
        number(groups + "current").map { max(0, most - $0) }
      }
      return min(kilobytes * 1024, limit ?? .max)
    #else
      return nil
    #endif
  }

  /// The most that were ever in memory.
  static var peak: Int {
    var usage = rusage()
    #if os(Linux)
      getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss * 1024
    #else
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #endif
  }
}
