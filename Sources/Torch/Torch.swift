internal import CTorch
import Foundation
import FunMatchFiles

/// The engine as a whole: version, threads, seed, and what it holds.
public enum Torch {
  /// libtorch's version, such as `2.13.0`.
  public static var version: String { String(cString: ct_version()) }

  /// The instruction set that libtorch's own kernels use on this CPU, such as `AVX512`.
  public static var cpuCapability: String { String(cString: ct_cpu_capability()) }

  /// Tensors alive in this process: what leak tests count.
  public static var liveTensors: Int { Int(ct_live_handles()) }

  /// Threads an operator may use on the CPU, at least 1.
  public static var threads: Int {
    get { Int(ct_threads()) }
    set {
      let count = min(newValue, mostThreads)
      require("set threads") { ct_set_threads(Int32(clamping: count)) }
    }
  }

  /// As many as there are, once that is known.
  private nonisolated(unsafe) static var mostThreads = Int.max

  /// Makes sure that operators get the threads that they ask for, before the first that asks: oneDNN would wait for ever for
  /// one that is missing. From then on no more than there are can be set.
  ///
  /// - Returns: how many there are where they are fewer than wanted; `nil` where all is well.
  public static func settleThreads() -> Int? {
    let found = Int(ct_usable_threads())
    guard found < threads else { return nil }
    mostThreads = found
    threads = found
    return found
  }

  /// What `body` returns, called while operators may use so many threads.
  public static func withThreads<Result>(
    _ count: Int, _ body: () throws -> Result
  ) rethrows -> Result {
    let usual = threads
    threads = count
    defer { threads = usual }
    return try body()
  }

  /// Different threads on which a loop of our own kernels ran just now; equal to `threads` when all
  /// is well.
  public static var kernelThreads: Int { Int(ct_kernel_threads()) }

  /// Seeds libtorch's own generators, which `Tensor.rand` and `Tensor.randn` draw from.
  public static func manualSeed(_ seed: UInt64) {
    generator.withLock { require("seed") { ct_manual_seed(seed) } }
  }

  /// Seeds the generators and draws from them in `body`, while other threads that want to draw wait:
  /// the generators belong to the whole process.
  public static func withSeed<Result>(
    _ seed: UInt64, _ body: () throws -> Result
  ) rethrows -> Result {
    try generator.withLock {
      manualSeed(seed)
      return try body()
    }
  }

  static let generator = NSRecursiveLock()

  /// Has the process keep memory that it freed for what it allocates next. glibc else maps the memory of a large tensor anew
  /// every time, which costs a fault a page: a third of a training step of MobileNetV3-large. Other allocators keep theirs
  /// anyway. For programs, at their start: it is for the whole process.
  public static func keepFreedMemory() {
    typealias Option = @convention(c) (Int32, Int32) -> Int32
    // Swift's Glibc module does not have its header, of which the numbers are.
    guard let symbol = dlsym(nil, "mallopt") else { return }
    let set = unsafeBitCast(symbol, to: Option.self)
    let (trimThreshold, mostMaps): (Int32, Int32) = (-1, -4)
    _ = set(mostMaps, 0)
    _ = set(trimThreshold, -1)
  }

  /// Ends the program with exit code 1 and a sentence on standard error. Of several processes that train together the one
  /// that fails first speaks, and the others end silently.
  public static func end(_ sentence: String) -> Never {
    let group = ProcessGroup.current
    if group?.fail(sentence) ?? true {
      let name = group.map { "process \($0.rank): " } ?? ""
      Terminal().say("funmatch: \(name)\(sentence)")
    }
    guard group == nil else {
      // Threads of the group may be in the middle of something that `exit` would take away.
      fflush(nil)
      _exit(1)
    }
    exit(1)
  }

  /// Gives memory of tensors that are gone back to the system, where the allocator would keep it for later (glibc's does).
  package static func releaseMemory() {
    typealias Trim = @convention(c) (Int) -> Int32
    // Swift's Glibc module does not have its header.
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(symbol, to: Trim.self)(0)
  }
}
