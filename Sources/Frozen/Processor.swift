import Foundation
import FunMatchFiles

/// The processor of this machine.
package enum Processor {
  /// What tells it from others: its name, and on Linux what it can do.
  package static let identity: String = {
    #if os(Linux)
      let name = value(["model name", "CPU part"])
      return "\(name), features \(Checksum.sha256(of: value(["flags", "Features"])).prefix(8))"
    #else
      var size = 0
      sysctlbyname("machdep.cpu.brand_string", nil, &size, nil, 0)
      var name = [UInt8](repeating: 0, count: max(1, size))
      sysctlbyname("machdep.cpu.brand_string", &name, &size, nil, 0)
      return String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
    #endif
  }()

  /// Whether it multiplies and adds bytes into 32 bits in one instruction: AVX-VNNI, AVX-512 VNNI, or Arm's dot products.
  /// Without, products of bytes saturate, or are no faster than floats.
  package static let hasByteProducts: Bool = {
    #if os(Linux)
      let features = Set(value(["flags", "Features"]).split(separator: " "))
      return !features.isDisjoint(with: ["avx_vnni", "avx512_vnni", "asimddp"])
    #else
      return true
    #endif
  }()

  /// Whether it multiplies bf16 itself: AVX-512 BF16, AMX, or Arm's BF16. Without, each value is widened first.
  package static let hasBF16: Bool = {
    #if os(Linux)
      let features = Set(value(["flags", "Features"]).split(separator: " "))
      return !features.isDisjoint(with: ["avx512_bf16", "amx_bf16", "bf16"])
    #else
      return true
    #endif
  }()

  #if os(Linux)
    private static func value(_ names: [String]) -> String {
      let text = FileManager.default.contents(atPath: "/proc/cpuinfo") ?? Data()
      let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
      let line = lines.first { line in names.contains { line.hasPrefix($0) } }
      return line?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? "unknown"
    }
  #endif
}
