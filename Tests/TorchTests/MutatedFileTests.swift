import Foundation
import FunMatchFiles
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Thousands of damaged files of every format, the damage to their bytes and to their structure: no
/// crash, no hang, and neither memory nor time beyond what they may declare.
@Suite struct MutatedFileTests {
  #if os(Linux)
    @Test func endInAnErrorOrInTensorsAndTakeLittleMemory() async {
      // A process of its own: its limit and its peak are those of reading.
      let observed: [any PartialKeyPath<ExitTest.Result> & Sendable] = [\.standardOutputContent]
      let result = await #expect(processExitsWith: .success, observing: observed) {
        let formats: [FileFormat] = [
          .stored, .deflated, .safetensors, .zip, .zip4, .strided, .legacy, .legacyStrided,
        ]
        // Threads, of which some machines have many, would take of the limit, too.
        Torch.threads = 1
        let fixtures = try formats.map { try Fixture.bytes($0.rawValue) }
        let folder = try TemporaryFolder()
        var run = MutationRun(seed: 2, folder: folder)
        // Memory that the first use of libtorch and libzip takes is not the files'.
        let start = processorTime()
        for round in 0..<100 { try run.read(fixtures[round % 8], as: formats[round % 8]) }
        run.forget()

        // One without end ends the process, after a thousand times what as many sound ones take.
        let rounds = Soak.isOn ? 10_000 : 800
        limitProcessorTime(Double(10 * rounds) * (processorTime() - start))
        // What a file asks for and does not touch is in no peak, but fails here.
        let used = try statusBytes("VmSize")
        var limit = rlimit(rlim_cur: rlim_t(used + 256 << 20), rlim_max: rlim_t(used + 256 << 20))
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
        let peak = try peakMemory()
        for round in 0..<rounds {
          let index = round % formats.count
          let bytes = try run.mutated(
            fixtures[index], as: formats[index], other: fixtures[round / 8 % formats.count])
          try run.read(bytes, as: formats[index])
        }
        let growth = try peakMemory() - peak
        // A file of 6 KB may declare 1 MiB and a bit in .pth, 1032 times itself in .npz.
        let most = 16 << 20
        // How long one that holds so much takes on this machine.
        var sound = MutationRun(seed: 2, folder: folder)
        try Npz.write([("a", .zeros([most], dtype: .u8))], to: folder.file("sound"))
        for _ in 0..<3 { try sound.read(folder.bytes("sound"), as: .stored) }
        print(
          "\(run.summary), \(sound.slowest) s for 16 MiB, peak memory grew by \(growth >> 10) KiB")
        #expect(run.wrong == [])
        #expect(run.errors > run.files / 4 && run.tensors > run.files / 4)
        #expect(run.slowest < 20 * sound.slowest)
        #expect(growth < most)
      }
      let lines = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
      for line in lines.split(separator: "\n") where line.contains("refused") { print(line) }
    }
  #endif
}

/// Reads files and remembers how that went.
struct MutationRun {
  private(set) var (files, errors, tensors) = (0, 0, 0)
  /// Seconds of the processor for the slowest file, which do not count what other processes take.
  private(set) var slowest = 0.0
  /// What no file may lead to.
  private(set) var wrong: [String] = []
  private var mutations: Mutations
  private let folder: TemporaryFolder

  init(seed: UInt64, folder: TemporaryFolder) {
    mutations = Mutations(seed: seed)
    self.folder = folder
  }

  var summary: String {
    "\(files) files: \(errors) refused, \(tensors) tensors of the others, slowest \(slowest) s"
  }

  mutating func forget() { (files, errors, tensors, slowest) = (0, 0, 0, 0) }

  /// A file made from a fixture, damaged in one of the ways that its format knows.
  mutating func mutated(
    _ bytes: [UInt8], as format: FileFormat, other: [UInt8]
  ) throws -> [UInt8] {
    switch (format, mutations.random(below: 4)) {
    case (_, 0): mutations.damaged(bytes)
    case (_, 1): mutations.recut(bytes, with: other)
    case (.deflated, _): mutations.reheaded(bytes)
    case (.safetensors, _): mutations.redigited(bytes)
    case (.legacy, _), (.legacyStrided, _): mutations.repickled(bytes)
    case (_, 2): mutations.reheaded(bytes)
    default: mutations.rezipped(try StoredZip(bytes))
    }
  }

  mutating func read(_ bytes: [UInt8], as format: FileFormat) throws {
    let path = try folder.write("x", bytes)
    let start = processorTime()
    files += 1
    do {
      for tensor in try format.read(path) {
        tensors += 1
        if tensor.bytes.count != tensor.count * tensor.dtype.size { wrong.append("\(tensor)") }
      }
    } catch {
      errors += 1
      // The sentence must name the file.
      if (error as? FileError)?.description.contains(path) != true { wrong.append("\(error)") }
    }
    slowest = max(slowest, processorTime() - start)
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
