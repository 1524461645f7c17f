import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchRecipes
import FunMatchTorch

/// The teachers' logits of the batches of a stream of views, kept on disk: those of step 0, of step 1 and so on, without a
/// gap, in `KEY.f16` or `KEY.f32`, and in `KEY.json` what they are.
///
/// A step has the logits of each teacher in turn, (batch, classes) in C order, little-endian. KEY is a
/// checksum of everything that they depend on; how many steps somebody needs is no part of it, so that
/// one bank serves runs of any length and is extended by longer ones. A complete one that was recorded by another version
/// of libtorch, or with other kernels, is read and never extended.
///
/// Every 16 MB or so have a SHA-256, and all are verified when a bank is opened, on all cores. What a process records
/// belongs to the bank once `synchronize` has returned: it is on the disk before the description, which is replaced as a
/// whole, tells of it. A process that is killed loses what it recorded after that and nothing else. Not for use by several
/// threads at once.
public final class LogitBank {
  /// The file of the logits.
  public let path: String
  /// Whether this object records. Only one does at a time; others read what was there when they were
  /// opened.
  public private(set) var isWritable = false
  /// The description.
  let sidecar: String
  /// What it told when it was last read or written.
  var known: LogitBankDescription
  /// Steps that are recorded, whether or not they are on the disk yet.
  public private(set) var steps = 0
  /// Checksums of the whole chunks of them.
  private var checksums: [String] = []
  private var file: FileLock?
  private var input: InputFile?
  /// What is worth telling of what was found: another environment, or why nothing fits.
  public let note: String?
  /// Whether that deserves a warning: it is another environment's, or another key than before made it useless.
  public let noteIsWarning: Bool

  /// A bank under a folder, which may hold some steps of it.
  ///
  /// - Parameters:
  ///   - identity: everything that the logits depend on.
  ///   - batchSize: images a step.
  ///   - classes: number of classes of each teacher.
  ///   - wanted: steps that will be read. Where all are there, nothing is locked or written.
  ///   - writers: who computes them, where that shows in last bits. What others began is read and not extended.
  ///   - isFollowing: whether another process of the same run records; this one only reads.
  /// - Throws: `FileError` when the folder cannot be made, or the bank cannot be read or written, or is damaged or another
  ///   one, naming what to remove.
  public init(
    folder: String, identity: BankIdentity, batchSize: Int, classes: [Int],
    precision: BankRecipe.Precision, wanted: Int = .max, writers: BankWriters? = nil,
    isFollowing: Bool = false
  ) throws {
    precondition(batchSize > 0 && !classes.isEmpty && classes.allSatisfy { $0 > 0 })
    known = LogitBankDescription(
      identity, batchSize: batchSize, classes: classes, precision: precision, writers: writers)
    let place = try BankFolder(folder, identity)
    let wished = known
    let foreign = place.foreign { path in
      guard let found = JSONText.read(path + ".json", as: LogitBankDescription.self) else {
        return false
      }
      return found.isAlike(wished) && found.isSound && found.steps >= wanted
    }
    let base = foreign?.path ?? place.own
    path = "\(base).\(precision.rawValue)"
    sidecar = "\(base).json"
    let isKnown = FileManager.default.fileExists(atPath: sidecar)
    let begun = isKnown ? JSONText.read(sidecar, as: LogitBankDescription.self) : nil
    let isOthers =
      writers != nil
      && begun.map { $0.steps > 0 && $0.writers.map { $0 != writers } == true } == true
    if let foreign {
      note =
        "\(path) was recorded elsewhere and is read as it is, but never extended; it differs in "
        + foreign.difference.joined(separator: "; ")
      noteIsWarning = true
    } else if isOthers, let first = begun?.writers, let writers {
      note = "\(path) was begun by \(first); \(writers) read it and do not extend it"
      noteIsWarning = false
    } else {
      let nearest = isKnown ? nil : place.nearest
      (note, noteIsWarning) = (nearest?.words, nearest?.isWarning == true)
    }
    try read()
    if steps == 0 { known.writers = writers }
    if steps < wanted, foreign == nil, !isOthers, !isFollowing { try beginRecording() }
  }

  /// Bytes that a step takes.
  public static func bytesPerStep(
    batchSize: Int, classes: [Int], precision: BankRecipe.Precision
  ) -> Int {
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
    input = nil
  }

  /// Locks the bank for this object, unless another one has it or it cannot be written.
  private func beginRecording() throws {
    let lock: FileLock?
    do {
      lock = try CacheFolder.use { try FileLock.take(path) }
    } catch let error as FileError {
      // What others recorded can be read all the same.
      guard steps > 0, [EACCES, EROFS, EPERM].contains(error.code) else { throw error }
      return
    }
    guard let lock else { return }
    file = lock
    // Another one may have recorded, or removed the file, since it was read.
    guard lock.isThere else {
      throw FileError("\(path): was removed while it was opened; start again")
    }
    AtomicFile.removeTemporaries(of: sidecar)
    if try description() != known { try read() }
    // Before the first logit, so that logits without a description are always a mistake.
    if known.steps == 0 { try CacheFolder.use { try JSONText.write(known, to: sidecar) } }
    try lock.truncate(to: steps * known.row)
    isWritable = true
  }

  /// Each teacher's logits of a step, (batch, classes), f32, on the CPU.
  ///
  /// - Precondition: `step` is below `steps`.
  /// - Throws: `FileError` when the file has become too short.
  public func logits(_ step: Int) throws -> [Tensor] {
    precondition(step >= 0 && step < steps, "step \(step) is not among \(steps) recorded ones")
    let file = try opened((step + 1) * known.row)
    var start = step * known.row
    return try known.classes.map { classes in
      let values = try Tensor(shape: [batchSize, classes], dtype: known.precision.dtype) {
        try file.read(at: start, into: $0)
        start += $0.count
      }
      return values.to(.f32)
    }
  }

  /// The file, with at least so many bytes.
  private func opened(_ count: Int) throws -> InputFile {
    if let input, input.size >= count { return input }
    let file = try InputFile(path)
    guard file.size >= count else { throw damage("is shorter than \(sidecar) tells") }
    input = file
    return file
  }

  /// Logits as they come back from the bank: rounded to what it stores, f32, on their device.
  ///
  /// - Parameters:
  ///   - logits: (batch, classes), f32, of each teacher.
  ///   - step: of the views, 0 being the first; named in the error.
  /// - Throws: `FileError` when a logit cannot be stored.
  public func rounded(_ logits: [Tensor], step: Int) throws -> [Tensor] {
    try logits.enumerated().map { number, values in
      try check(values.to(.cpu), teacher: number, step)
      return values.to(known.precision.dtype).to(.f32)
    }
  }

  /// Adds each teacher's logits of step `steps`; does nothing unless `isWritable`.
  ///
  /// - Parameter logits: (batch, classes), f32, of each teacher, on any device.
  /// - Precondition: their shapes are the bank's and `step` is `steps`.
  /// - Throws: `FileError` when a logit cannot be stored, or the disk is full; the bank stays as it
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
    try recording { try $0.write(bytes, at: steps * known.row) }
    steps += 1
    if steps % known.stepsPerChunk == 0 { checksums.append(try checksumOfLast(known.chunk)) }
  }

  /// Takes note that another process of the same run has recorded the next step.
  func follow() { steps += 1 }

  /// Takes note that so many steps are what the first process of the same run knows.
  ///
  /// - Throws: `FileError` when they are not here.
  func follow(to count: Int) throws {
    guard steps >= count else {
      throw FileError(
        "\(path): has \(steps) steps and the first process knows \(count); expected a folder that all "
          + "processes share (FUNMATCH_CACHE can name it)")
    }
    steps = count
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
    throw FileError(
      value.isFinite
        ? "\(what), and f16 ends at 65504; bank: {precision: f32} stores it" : what)
  }

  /// Does something with the file; nothing more is recorded after a failure.
  private func recording(_ body: (FileLock) throws -> Void) throws {
    guard let file else { return }
    do {
      try CacheFolder.use { try body(file) }
    } catch {
      isWritable = false
      throw error
    }
  }

  /// The checksum of the latest bytes.
  private func checksumOfLast(_ count: Int) throws -> String {
    let end = steps * known.row
    return Checksum.sha256(of: try opened(end).read(at: end - count, count: count))
  }

  /// Brings everything that was recorded to the disk, for good.
  ///
  /// - Throws: `FileError` or `TorchError` when it cannot be written; the bank is then what it was
  ///   at the last call, and nothing more is recorded.
  public func synchronize() throws {
    guard isWritable, steps > known.steps else { return }
    try recording { try $0.synchronize() }
    var page = known
    page.steps = steps
    page.checksums = checksums
    let rest = steps % known.stepsPerChunk * known.row
    if rest > 0 { page.checksums.append(try checksumOfLast(rest)) }
    let written = page
    try recording { _ in try JSONText.write(written, to: sidecar) }
    known = page
  }
}

extension BankRecipe.Precision {
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
