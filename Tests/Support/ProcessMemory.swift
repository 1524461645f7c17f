import Foundation
import FunMatchTorch

#if os(Linux)
  /// A size that the system tells about this process, in bytes: `VmSize` is its address space, `VmHWM`
  /// the most memory that it has had.
  ///
  /// - Throws: `TorchError` when the system does not tell it.
  public func statusBytes(_ field: String) throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix(field + ":") }
    guard let line, let kilobytes = Int(line.filter(\.isNumber)) else {
      throw TorchError("/proc/self/status does not tell \(field)")
    }
    return kilobytes << 10
  }
#endif

/// The most memory that this process has had so far, in bytes.
///
/// On Linux `getrusage` would tell another number: a process begins with the peak of the one that
/// started it, and until it has had more than that nothing it takes would show.
public func peakMemory() throws -> Int {
  #if os(Linux)
    return try statusBytes("VmHWM")
  #else
    var usage = rusage()
    getrusage(RUSAGE_SELF, &usage)
    return usage.ru_maxrss
  #endif
}
