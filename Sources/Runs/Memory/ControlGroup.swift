import Foundation

#if os(Linux)
  /// The control groups that the system, a container or a scheduler has put this process in: a job's memory may be a part of
  /// its machine's.
  package enum ControlGroup {
    /// Bytes that may still be taken in the tightest of them; `nil` where none has a limit, or nobody tells.
    static var room: Int? { room(own: "/proc/self/cgroup", mounts: "/sys/fs/cgroup") }

    /// The same where these files lie elsewhere.
    package static func room(own: String, mounts: String) -> Int? {
      var rooms: [Int] = []
      for line in text(own)?.split(separator: "\n") ?? [] {
        // Number, controllers, place: of version 2 `0::/place`, of version 1 `4:memory:/place`.
        let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3 else { continue }
        let isSecond = fields[1].isEmpty
        guard isSecond || fields[1].split(separator: ",").contains("memory") else { continue }
        let root = isSecond ? mounts : mounts + "/memory"
        let names =
          isSecond
          ? ("memory.max", "memory.current", "inactive_file")
          : ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        // A limit of any group above holds, too; in a container the place may be one that is not seen there.
        var parts = fields[2].split(separator: "/")
        while true {
          let folder = ([root] + parts.map(String.init)).joined(separator: "/")
          if let most = number("\(folder)/\(names.0)"), let taken = number("\(folder)/\(names.1)") {
            // What is kept of files makes room when it has to.
            let files = statistic("\(folder)/memory.stat", names.2) ?? 0
            rooms.append(max(0, most - max(0, taken - files)))
          }
          guard parts.popLast() != nil else { break }
        }
      }
      return rooms.min()
    }

    private static func text(_ path: String) -> String? {
      FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// `nil` for `max`, too.
    private static func number(_ path: String) -> Int? {
      text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    private static func statistic(_ path: String, _ name: String) -> Int? {
      text(path)?.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        .flatMap { Int($0.dropFirst(name.count + 1)) }
    }
  }
#endif
