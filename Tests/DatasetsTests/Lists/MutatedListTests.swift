import Foundation
import FunMatchDatasets
import FunMatchTestSupport
import Testing

/// Thousands of damaged lists: no crash, no hang, and every one that is refused is named.
struct MutatedListTests {
  #if os(Linux)
    @Test func endInAnErrorOrInImages() async {
      // A process of its own, which has a limit.
      let result = await #expect(processExitsWith: .success) {
        var lists = try DamagedLists(seed: 3)
        let start = processorTime()
        for _ in 0..<100 { try lists.read(isDamaged: false) }
        #expect(lists.refused == 0 && lists.wrong == [])
        // One without end ends the process, after ten times what as many sound ones take.
        let rounds = Soak.isOn ? 10_000 : 700
        limitProcessorTime(1 + Double(rounds) / 10 * (processorTime() - start))
        for _ in 0..<rounds { try lists.read(isDamaged: true) }
        #expect(lists.wrong == [])
        #expect(lists.refused > rounds / 4 && lists.read > rounds / 20)
      }
      #expect(result != nil)
    }
  #endif
}

/// Lists of images that are there, damaged and read.
private struct DamagedLists {
  private(set) var (read, refused) = (0, 0)
  /// What no list may lead to.
  private(set) var wrong: [String] = []
  private var round = 0
  private var mutations: Mutations
  private let layout: Layout
  private let seeds: [(text: [UInt8], queries: [String])]

  init(seed: UInt64) throws {
    mutations = Mutations(seed: seed)
    layout = try Layout()
    let names = ["a.png", "b, c.png", "images/cell0001.png", "images/cell0002.png"]
    try layout.images(names)
    seeds = [
      (
        Array(names.enumerated().map { "\"\($1)\",cat\($0)\n" }.joined().utf8),
        ["", "?label=none", "?delimiter=comma&header=no"]
      ),
      (
        Array(
          "\u{FEFF}path,label,split\r\na.png,\"a \"\"cat\"\"\r\n\",train\r\n\"b, c.png\",dog,test\r\n"
            .utf8),
        ["?path=path&label=label&split=split:train", "?path=1&label=2"]
      ),
      (
        Array(
          "images/cell0001.png   1.0000   mono\nimages/cell0002.png   0.3333   poly\na.png  0 x"
            .utf8),
        ["?threshold=0.5", "?threshold=0.5&classes=a,b&test=0.5&hashOf=name:train", "?label=3"]
      ),
      (Array("a.png\t0\r\n\r\nimages/cell0001.png\t1\r\n".utf8), ["", "?classes=ant,bee"]),
    ]
  }

  mutating func read(isDamaged: Bool) throws {
    let (text, queries) = seeds[round % seeds.count]
    let query = queries[round / seeds.count % queries.count]
    round += 1
    var bytes = text
    if isDamaged {
      bytes = mutations.damaged(text)
      if mutations.random(below: 3) == 0 {
        let other = seeds[mutations.random(below: seeds.count)].text
        let cut = mutations.random(below: bytes.count + 1)
        let start = mutations.random(below: other.count)
        bytes = Array(bytes[..<cut] + other[start...])
      }
    }
    try layout.write("l.csv", bytes)
    do {
      let set = try layout.open("list:l.csv\(query)")
      read += 1
      for index in 0..<set.count {
        let label = set.label(at: index) ?? (set.classNames.isEmpty ? nil : -1)
        if let label, !set.classNames.indices.contains(label) { wrong.append("label \(label)") }
        if set.name(at: index).isEmpty { wrong.append("no name") }
      }
      if set.count == 0 { wrong.append("no images") }
    } catch {
      refused += 1
      if (error as? DatasetError)?.description.contains("l.csv") != true {
        wrong.append("\(error)")
      }
    }
  }
}

/// Seconds of the processor that this process has had.
private func processorTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

#if os(Linux)
  /// Has the system end this process once it has had so many seconds more of the processor.
  private func limitProcessorTime(_ seconds: Double) {
    let end = rlim_t((processorTime() + seconds).rounded(.up))
    var limit = rlimit(rlim_cur: end, rlim_max: end + 1)
    #expect(setrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit) == 0)
  }
#endif
