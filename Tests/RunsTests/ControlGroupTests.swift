import Foundation
import FunMatchRuns
import FunMatchTestSupport
import Testing

#if os(Linux)
  /// Limits of a job's memory, as both versions of control groups tell them.
  struct ControlGroupTests {
    private func room(_ own: String, _ files: [String: String]) throws -> Int? {
      let folder = try TemporaryFolder()
      _ = try folder.write("own", Array(own.utf8))
      for (name, text) in files {
        let path = folder.file("mounts/\(name)")
        try FileManager.default.createDirectory(
          atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        _ = try folder.write("mounts/\(name)", Array(text.utf8))
      }
      return withExtendedLifetime(folder) {
        ControlGroup.room(own: folder.file("own"), mounts: folder.file("mounts"))
      }
    }

    @Test func theTightestGroupAboveCounts() throws {
      let files = [
        "job/memory.max": "1000\n", "job/memory.current": "300\n",
        "job/memory.stat": "anon 200\ninactive_file 50\nactive_file 9\n",
        "job/step/memory.max": "max\n", "job/step/memory.current": "300\n",
        "memory.max": "5000\n", "memory.current": "4000\n",
      ]
      // Files that are kept make room: 1000 - (300 - 50).
      #expect(try room("0::/job/step\n", files) == 750)
      #expect(try room("0::/elsewhere\n", files) == 1000)
      #expect(try room("0::/\n", ["memory.max": "max\n", "memory.current": "4\n"]) == nil)
      #expect(try room("", files) == nil)
    }

    @Test func theFirstVersionHasOtherNames() throws {
      let own = "5:devices:/\n4:memory:/job\n1:cpu,cpuacct:/other\n"
      let files = [
        "memory/job/memory.limit_in_bytes": "900\n", "memory/job/memory.usage_in_bytes": "950\n",
        "memory/job/memory.stat": "inactive_file 1\ntotal_inactive_file 100\n",
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/memory.usage_in_bytes": "7\n",
      ]
      #expect(try room(own, files) == 50)
    }
  }
#endif
