import Foundation
import FunMatchFiles

/// The processor of this machine.
package enum Processor {
  /// What tells it from others: its name, and on Linux what it can do.
  package static let identity: String = {
    #if os(Linux)
      let text = FileManager.default.contents(atPath: "/proc/cpuinfo") ?? Data()
      let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
      func value(_ names: [String]) -> String {
        let line = lines.first { line in names.contains { line.hasPrefix($0) } }
        return line?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? "unknown"
      }
      let features = Checksum.sha256(of: value(["flags", "Features"])).prefix(8)
      return "\(value(["model name", "CPU part"])), features \(features)"
    #else
      var size = 0
      sysctlbyname("machdep.cpu.brand_string", nil, &size, nil, 0)
      var name = [UInt8](repeating: 0, count: max(1, size))
      sysctlbyname("machdep.cpu.brand_string", &name, &size, nil, 0)
      return String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
    #endif
  }()
}
