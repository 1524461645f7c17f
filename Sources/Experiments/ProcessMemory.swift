import Foundation

/// How much memory this process has.
enum ProcessMemory {
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

  /// Gives memory that was freed back to the system, where the allocator would keep it for later
  /// (glibc's does).
  static func release() {
    typealias Trim = @convention(c) (Int) -> Int32
    // Swift's Glibc module does not have its header.
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(symbol, to: Trim.self)(0)
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
