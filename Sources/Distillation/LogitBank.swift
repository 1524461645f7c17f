import Foundation
import FunMatchDatasets
import FunMatchTorch

/// What the teachers say of the batches of a stream of views, kept on disk: the logits of step 0, of
/// step 1 and so on, without a gap, in `KEY.f16` or `KEY.f32`, and in `KEY.json` what they are.
///
/// A step has the logits of each teacher in turn, (batch, classes) in C order, little-endian. KEY is a
/// checksum of everything that they depend on; how many steps somebody needs is no part of it, so that
/// one bank serves runs of any length and is extended by longer ones.
///
/// Every 16 MB or so have a SHA-256, and all are verified when a bank is opened, on all cores, at about
/// 300 MB/s each. What a process records belongs to the bank once `synchronize` has returned: it is on
/// the disk before the description, which is replaced as a whole, tells of it. A process that is killed
/// loses what it recorded after that and nothing else. Not for use by several threads at once.
public final class LogitBank {
  /// What a logit is stored in.
  public enum Precision: String, Codable, CaseIterable, Sendable {
    /// 11 significant bits, up to ±65504.
    case f16
    /// All of it.
    case f32

    var dtype: DType {
      switch self {
      case .f16: .f16
      case .f32: .f32
      }
    }

    /// The largest magnitude that can be stored.
    var largest: Float {
      switch self {
      case .f16: 65504
      case .f32: .greatestFiniteMagnitude
      }
    }
  }

  /// The file of the logits.
  public let path: String
  /// Whether this object records. Only one does at a time; others read what was there when they were
  /// opened.
  public private(set) var isWritable = false
  /// The description.
  let sidecar: String
  /// What it told when it was last read or written.
  var known: LogitBankPage
  /// Steps that are recorded, whether or not they are on the disk yet.
  public private(set) var steps = 0
  /// Checksums of the whole chunks of them.
  private var checksums: [String] = []
  private var file: Int32 = -1
  private var mapped = Data()

  /// A bank under a folder, which may hold some steps of it.
  ///
  /// - Parameters:
  ///   - origin: words that tell everything that the logits depend on.
  ///   - batchSize: images a step.
  ///   - classes: number of classes of each teacher.
  ///   - wanted: steps that will be asked for. Where all are there, nothing is locked or written.
  /// - Throws: `TorchError` when the folder cannot be made; `TrainingError` when the bank cannot be
  ///   read or written, or is damaged or another one, naming what to remove.
  public init(
    folder: String, origin: [String], batchSize: Int, classes: [Int], precision: Precision,
    wanted: Int = .max
  ) throws {
    precondition(batchSize > 0 && !classes.isEmpty && classes.allSatisfy { $0 > 0 })
    known = LogitBankPage(
      origin: origin, batchSize: batchSize, classes: classes, precision: precision)
    let key = SHA256.hexadecimal(of: Array(known.lines.joined(separator: "\n").utf8)).prefix(32)
    path = "\(folder)/\(key).\(precision.rawValue)"
    sidecar = "\(folder)/\(key).json"
    try AtomicFile.makeFolder(folder)
    try read()
    if steps < wanted { try beginRecording() }
  }

  deinit {
    if file >= 0 { close(file) }
  }

  /// Bytes that a step takes.
  public static func bytesPerStep(batchSize: Int, classes: [Int], precision: Precision) -> Int {
    batchSize * classes.reduce(0, +) * precision.dtype.size
  }

  /// Images a step.
  public var batchSize: Int { known.batchSize }

  /// Number of classes of each teacher.
  public var classes: [Int] { known.classes }

  /// Takes over what is on the disk, if it is sound.
  private func read() throws {
    known = try verified()
    steps = known.steps
    checksums = Array(known.checksums.prefix(steps / known.stepsPerChunk))
    mapped = Data()
  }

  /// Locks the bank for this object, unless another one has it or it cannot be written.
  private func beginRecording() throws {
    let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard opened >= 0 else {
      // What others recorded can be read all the same.
      if steps > 0, [EACCES, EROFS, EPERM].contains(errno) { return }
      throw failure()
    }
    // On a file system without locks, nobody is known to record.
    if flock(opened, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      close(opened)
      return
    }
    file = opened
    // Another one may have recorded, or removed the file, since it was read.
    guard isThere(opened) else {
      throw TrainingError("\(path): was removed while it was opened; start again")
    }
    if try description() != known { try read() }
    // Before the first logit, so that logits without a description are always a mistake.
    if known.steps == 0 { try AtomicFile.write(to: sidecar, encoded(known)) }
    guard ftruncate(file, off_t(steps * known.row)) == 0 else { throw failure() }
    isWritable = true
  }

  /// Whether an open file is still the one under its name.
  private func isThere(_ file: Int32) -> Bool {
    var (opened, named) = (stat(), stat())
    return fstat(file, &opened) == 0 && stat(path, &named) == 0 && opened.st_ino == named.st_ino
      && opened.st_dev == named.st_dev
  }

  /// What each teacher said at a step, (batch, classes), f32, on the CPU.
  ///
  /// - Precondition: `step` is below `steps`.
  /// - Throws: `TrainingError` when the file has become too short.
  public func logits(_ step: Int) throws -> [Tensor] {
    precondition(step >= 0 && step < steps, "step \(step) is not among \(steps) recorded ones")
    try map((step + 1) * known.row)
    var start = step * known.row
    return mapped.withUnsafeBytes { bytes in
      known.classes.map { classes in
        let size = batchSize * classes * known.precision.dtype.size
        let part = UnsafeRawBufferPointer(rebasing: bytes[start..<start + size])
        start += size
        return Tensor(bytes: part, shape: [batchSize, classes], dtype: known.precision.dtype)
          .to(.f32)
      }
    }
  }

  /// Makes at least the first bytes readable.
  private func map(_ count: Int) throws {
    guard mapped.count < count else { return }
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped),
      data.count >= count
    else { throw damage("is shorter than \(sidecar) tells") }
    mapped = data
  }

  /// Logits as they come back from the bank: rounded to what it stores, f32, on their device.
  ///
  /// - Parameters:
  ///   - logits: (batch, classes), f32, of each teacher.
  ///   - step: of the views, 0 being the first; named in the error.
  /// - Throws: `TrainingError` when a logit cannot be stored.
  public func rounded(_ logits: [Tensor], step: Int) throws -> [Tensor] {
    try logits.enumerated().map { number, values in
      try check(values.to(.cpu), teacher: number, step)
      return values.to(known.precision.dtype).to(.f32)
    }
  }

  /// Adds what each teacher said at step `steps`; does nothing unless `isWritable`.
  ///
  /// - Parameter logits: (batch, classes), f32, of each teacher, on any device.
  /// - Precondition: their shapes are the bank's and `step` is `steps`.
  /// - Throws: `TrainingError` when a logit cannot be stored, or the disk is full; the bank stays as it
  ///   was, and after a failure of the disk nothing more is recorded.
  public func record(_ logits: [Tensor], step: Int) throws {
    guard isWritable else { return }
    precondition(step == steps, "step \(step) after \(steps) steps")
    precondition(logits.map(\.shape) == classes.map { [batchSize, $0] })
    var bytes: [UInt8] = []
    bytes.reserveCapacity(known.row)
    for (number, values) in logits.enumerated() {
      let values = values.to(.cpu)
      try check(values, teacher: number, step)
      bytes += values.to(known.precision.dtype).bytes
    }
    try write(bytes, at: steps * known.row)
    steps += 1
    if steps % known.stepsPerChunk == 0 { checksums.append(try checksumOfLast(known.chunk)) }
  }

  private func check(_ logits: Tensor, teacher: Int, _ step: Int) throws {
    let values = logits.array(as: Float.self)
    let largest = known.precision.largest
    guard let place = values.firstIndex(where: { !($0.magnitude <= largest) }) else { return }
    let value = values[place]
    let classes = classes[teacher]
    let what =
      "a logit of teacher \(teacher), class \(place % classes) of image \(place / classes) at step "
      + "\(step + 1) of the views, is \(value)"
    throw TrainingError(
      value.isFinite
        ? "\(what), and f16 ends at 65504; bank: {precision: f32} stores it" : what)
  }

  private func write(_ bytes: [UInt8], at start: Int) throws {
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes {
        pwrite(file, $0.baseAddress, $0.count, off_t(start + written))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure() }
      written += count
    }
  }

  /// The checksum of the latest bytes.
  private func checksumOfLast(_ count: Int) throws -> String {
    let end = steps * known.row
    try map(end)
    return mapped.withUnsafeBytes {
      SHA256.hexadecimal(of: UnsafeRawBufferPointer(rebasing: $0[end - count..<end]))
    }
  }

  /// Brings everything that was recorded to the disk, for good.
  ///
  /// - Throws: `TrainingError` or `TorchError` when it cannot be written; the bank is then what it was
  ///   at the last call, and nothing more is recorded.
  public func synchronize() throws {
    guard isWritable, steps > known.steps else { return }
    guard fsync(file) == 0 else { throw failure() }
    var page = known
    page.steps = steps
    page.checksums = checksums
    let rest = steps % known.stepsPerChunk * known.row
    if rest > 0 { page.checksums.append(try checksumOfLast(rest)) }
    do {
      try AtomicFile.write(to: sidecar, encoded(page))
    } catch {
      isWritable = false
      throw error
    }
    known = page
  }

  private func encoded(_ page: LogitBankPage) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    return try encoder.encode(page)
  }

  /// An error of the system at the file of the logits, after which it is left alone.
  private func failure() -> TrainingError {
    let reason = String(cString: strerror(errno))
    isWritable = false
    return TrainingError("\(path): cannot be written (\(reason))")
  }
}
