import Foundation
import FunMatchDatasets
import FunMatchTorch
import FunMatchViews

/// What one teacher says of every image of a data set, computed once and kept on disk: f32 logits
/// (images, classes) in `NAME.f32`, and in `NAME.json` what they are and how far they go.
///
/// Of several views of an image it is the logarithm of the mean of the probabilities, which a softmax
/// turns into that mean again. The name is a checksum of everything that the logits depend on, so that
/// a later run with the same teacher, views and images finds them, and no other does. Work that was
/// cut short goes on where it was.
public final class FixedTargets {
  private struct Description: Codable, Equatable {
    let origin: [String]
    let images: Int
    let classes: Int
    var done: Int
    /// Images that could not be decoded when the teacher was to be asked about them.
    var missing: [Int] = []
    /// SHA-256 of the logits, once they are complete.
    var sha256: String?
  }

  /// Number of classes.
  public let classes: Int
  /// The file of the logits.
  public let path: String
  private let sidecar: String
  private var description: Description
  private var logits = Data()

  /// Targets under a folder, of which some or all may have been computed before.
  ///
  /// - Parameters:
  ///   - origin: words that tell everything that the logits depend on.
  ///   - images: number of images.
  /// - Throws: `TorchError` when the folder cannot be made, `TrainingError` when what is there is
  ///   damaged.
  public init(folder: String, origin: [String], images: Int, classes: Int) throws {
    let key = SHA256.hexadecimal(of: Array(origin.joined(separator: "\n").utf8))
    path = "\(folder)/\(key.prefix(32)).f32"
    sidecar = "\(folder)/\(key.prefix(32)).json"
    self.classes = classes
    description = Description(origin: origin, images: images, classes: classes, done: 0)
    try AtomicFile.makeFolder(folder)
    try read()
  }

  /// Takes over what is on the disk, as far as it is sound.
  private func read() throws {
    guard let bytes = FileManager.default.contents(atPath: sidecar),
      let found = try? JSONDecoder().decode(Description.self, from: bytes),
      (0...description.images).contains(found.done)
    else { return }
    guard found.origin == description.origin, found.images == description.images,
      found.classes == classes
    else {
      throw TrainingError("\(sidecar): belongs to other targets; remove it to compute these")
    }
    if found.done == found.images {
      description = found
      guard try SHA256.hexadecimal(file: path) == found.sha256 else { throw damage() }
      try map()
      return
    }
    // Without the logits that it tells of, it is of no use.
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    let size = (attributes?[.size] as? NSNumber)?.intValue ?? 0
    if size >= found.done * row { description = found }
  }

  /// Whether there are logits of all images.
  public var isComplete: Bool { description.done == description.images }

  /// Number of images that there are logits of.
  public var done: Int { description.done }

  /// Asks the teacher about the images that are left. Each image is asked about once, ever.
  ///
  /// - Parameters:
  ///   - views: what it is shown, from image `from` on.
  ///   - batchSize: most views that it is given at a time.
  ///   - progress: told how many images are done; ends the work early by returning false.
  ///   - isWaited: called while another process computes the same; gives up by returning false.
  /// - Throws: an error when an image cannot be read, a logit is not finite or the disk is full; what
  ///   was computed before stays.
  public func compute(
    _ teacher: Teacher, device: Device, batchSize: Int, views: (_ from: Int) -> FixedViewSource,
    isWaited: () -> Bool = { true }, progress: (Int) -> Bool
  ) throws {
    guard !isComplete else { return }
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw Self.failure(path) }
    defer { close(file) }
    // On a file system without locks, nobody is known to compute the same.
    while flock(file, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      guard isWaited() else { return }
      usleep(200_000)
    }
    // Whoever had the lock may have done the work.
    try read()
    guard !isComplete else { return }
    let source = views(done)
    var number = 0
    var saved = ContinuousClock.now
    while !isComplete {
      let views = try source.batch(number)
      guard let pixels = views.pixels[teacher.resolution] else {
        throw TrainingError("no views were drawn at the teacher's \(teacher.resolution) pixels")
      }
      number += 1
      let images = min(source.batchSize, description.images - done)
      var answers = Self.ask(teacher, pixels, images: images, batchSize: batchSize, device: device)
      for image in 0..<images {
        let range = image * row..<(image + 1) * row
        if !views.isWhole[image] {
          description.missing.append(done + image)
          answers.replaceSubrange(range, with: Self.nothing(row))
        } else if !Self.isFinite(answers[range]) {
          throw TrainingError("the teacher's logits of image \(done + image) are not finite")
        }
      }
      try write(answers, to: file)
      description.done += images
      let goesOn = progress(done)
      if isComplete || !goesOn || saved.duration(to: .now) > .seconds(2) {
        guard fsync(file) == 0 else { throw Self.failure(path) }
        if isComplete { description.sha256 = try SHA256.hexadecimal(file: path) }
        try AtomicFile.write(to: sidecar, JSONEncoder().encode(description))
        saved = .now
      }
      if !goesOn && !isComplete { return }
    }
    try map()
  }

  /// Logits (N, classes) of images, on the CPU.
  ///
  /// - Precondition: they are complete.
  public func logits(_ indices: [Int]) -> Tensor {
    precondition(isComplete)
    var bytes = [UInt8]()
    bytes.reserveCapacity(indices.count * row)
    for index in indices { bytes += logits[index * row..<(index + 1) * row] }
    return bytes.withUnsafeBytes {
      Tensor(bytes: $0, shape: [indices.count, classes], dtype: .f32)
    }
  }

  /// Images that could not be decoded when the teacher was to be asked about them, and which have no
  /// logits therefore.
  public var missing: Set<Int> { Set(description.missing) }

  /// Bytes of the logits of an image.
  private var row: Int { classes * MemoryLayout<Float>.stride }

  /// A row that says that there is nothing.
  private static func nothing(_ row: Int) -> [UInt8] {
    withUnsafeBytes(of: Float.nan.bitPattern.littleEndian) { nan in
      (0..<row).map { nan[$0 % nan.count] }
    }
  }

  /// The logarithm of probabilities, finite where they are 0.
  static func logarithm(_ probabilities: Tensor) -> Tensor {
    probabilities.clamped(low: 1e-30).log()
  }

  private static func ask(
    _ teacher: Teacher, _ pixels: Pixels, images: Int, batchSize: Int, device: Device
  ) -> [UInt8] {
    let shape = [pixels.count, pixels.size, pixels.size, 3]
    let all = Tensor(bytes: pixels.bytes, shape: shape, dtype: .u8)
    let parts = stride(from: 0, to: pixels.count, by: batchSize).map { start in
      let part = all.narrowed(0, start..<min(start + batchSize, pixels.count))
      return teacher(Batch.scaled(part.to(device))).to(.cpu)
    }
    let logits = Tensor.concatenated(parts)
    guard pixels.count > images else { return logits.bytes }
    let views = logits.softmax().reshaped([images, pixels.count / images, logits.shape[1]])
    return logarithm(views.mean([1])).bytes
  }

  private func write(_ bytes: [UInt8], to file: Int32) throws {
    let start = done * classes * MemoryLayout<Float>.stride
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes {
        pwrite(file, $0.baseAddress, $0.count, off_t(start + written))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Self.failure(path) }
      written += count
    }
  }

  private static func isFinite(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 4).allSatisfy {
        bytes.loadUnaligned(fromByteOffset: $0, as: Float.self).isFinite
      }
    }
  }

  private func map() throws {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped),
      data.count == description.images * row
    else { throw damage() }
    logits = data
  }

  private func damage() -> TrainingError {
    TrainingError(
      "\(path): is damaged (its SHA-256 differs from \(sidecar)); remove both to compute it anew")
  }

  private static func failure(_ path: String) -> TrainingError {
    TrainingError("\(path): cannot be written (\(String(cString: strerror(errno))))")
  }
}
