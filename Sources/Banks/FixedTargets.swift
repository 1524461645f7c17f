import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchTorch
import FunMatchViews

/// One teacher's logits of every image of a data set, computed once and kept on disk: f32 (images, classes) in
/// `NAME.f32`, and in `NAME.json` what they are and how far they go.
///
/// Of several views of an image it is the logarithm of the mean of the probabilities, which a softmax
/// turns into that mean again. The name is a checksum of everything that the logits depend on, so that
/// a later run with the same teacher, views and images finds them, and no other does. Work that was
/// cut short goes on where it was. What another version of libtorch, or other kernels, completed is used as it is.
public final class FixedTargets {
  private struct Description: Codable, Equatable {
    let identity: [String]
    let environment: [String]
    let images: Int
    let classes: Int
    var done: Int
    /// Images that could not be decoded when the teacher was to be shown them.
    var missing: [Int] = []
    /// SHA-256 of the logits that are done.
    var sha256: String?
  }

  /// Number of classes.
  public let classes: Int
  /// The file of the logits.
  public let path: String
  private let sidecar: String
  private var description: Description
  private var input: InputFile?
  /// Of the logits that are done.
  private var checksum = RunningChecksum()

  /// What is worth telling of what was found: another environment, or why nothing fits.
  public let note: String?
  /// Whether that deserves a warning: it is another environment's, or another key than before made it useless.
  public let noteIsWarning: Bool

  /// Targets under a folder, of which some or all may have been computed before.
  ///
  /// - Parameters:
  ///   - identity: everything that the logits depend on.
  ///   - images: number of images.
  /// - Throws: `FileError` when the folder cannot be made, or what is there is damaged.
  public init(folder: String, identity: BankIdentity, images: Int, classes: Int) throws {
    let place = try BankFolder(folder, identity)
    let foreign = place.foreign { path in
      JSONText.read(path + ".json", as: Description.self).map { $0.done == images } ?? false
    }
    let base = foreign?.path ?? place.own
    (path, sidecar) = (base + ".f32", base + ".json")
    self.classes = classes
    description = Description(
      identity: identity.lines, environment: identity.environment, images: images,
      classes: classes, done: 0)
    if let foreign {
      note =
        "\(path) was computed elsewhere and is used as it is; it differs in "
        + foreign.difference.joined(separator: "; ")
      noteIsWarning = true
    } else {
      let nearest = FileManager.default.fileExists(atPath: sidecar) ? nil : place.nearest
      (note, noteIsWarning) = (nearest?.words, nearest?.isWarning == true)
    }
    try read()
  }

  /// Takes over what is on the disk, as far as it is sound.
  private func read() throws {
    guard let found = JSONText.read(sidecar, as: Description.self),
      (0...description.images).contains(found.done)
    else { return }
    guard found.identity == description.identity, found.images == description.images,
      found.classes == classes
    else {
      throw FileError("\(sidecar): belongs to other targets; remove it to compute these")
    }
    if found.done == found.images {
      description = found
      guard try Checksum.sha256(file: path) == found.sha256 else { throw damage() }
      try open()
      return
    }
    // Without the logits that it tells of, it is of no use.
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    let size = (attributes?[.size] as? NSNumber)?.intValue ?? 0
    guard size >= found.done * row else { return }
    var sum = RunningChecksum()
    try sum.update(file: path, count: found.done * row)
    // Earlier versions wrote none before all were done.
    guard found.sha256 == nil || found.sha256 == sum.text else { throw damage() }
    (description, checksum) = (found, sum)
  }

  /// Whether there are logits of all images.
  public var isComplete: Bool { description.done == description.images }

  /// Number of images that there are logits of.
  public var done: Int { description.done }

  /// Shows the teacher the images that are left. Each image is shown once, ever.
  ///
  /// - Parameters:
  ///   - views: what it is shown, from image `from` on.
  ///   - batchSize: most views that it is given at a time.
  ///   - group: processes that share the work, batch by batch, of which the first writes.
  ///   - progress: told how many images are done; ends the work early by returning false.
  ///   - isWaited: called while another process computes the same; gives up by returning false.
  /// - Throws: an error when an image cannot be read, a logit is not finite or the disk is full; what
  ///   was computed before stays.
  public func compute(
    _ teacher: Teacher, device: Device, batchSize: Int, group: ProcessGroup? = nil,
    views: (_ from: Int) -> FixedViewSource, isWaited: () -> Bool = { true },
    progress: (Int) -> Bool
  ) throws {
    var file: FileLock?
    func beginning() throws -> Int? {
      file = try isComplete ? nil : CacheFolder.use { try begun(isWaited) }
      return file == nil && !isComplete ? nil : done
    }
    guard let begin = try group?.shared(beginning) ?? beginning() else { return }
    let images = description.images
    let source = views(begin)
    let turn = source.batchSize * (group?.size ?? 1)
    var saved = ContinuousClock.now
    for (number, start) in stride(from: begin, to: images, by: turn).enumerated() {
      let own = start + source.batchSize * (group?.rank ?? 0)
      let seen =
        try own < images
        ? look(teacher, source, number, from: own, batchSize: batchSize, device: device) : nil
      let all = try group.map { try exchanged(seen, of: source.batchSize, $0) } ?? [seen]
      let end = min(start + turn, images)
      var isSaved = false
      if let file {
        try CacheFolder.use { try write(all.compactMap { $0 }, to: file) }
        isSaved = done == images || saved.duration(to: .now) > .seconds(2)
      }
      let goesOn = progress(end)
      if let file, isSaved || !goesOn {
        try CacheFolder.use { try save(file) }
        saved = .now
      }
      if !goesOn && end < images { return }
    }
    // The first may have found them complete, or completed them just now.
    _ = try group?.shared { true }
    if !isComplete { try read() }
    guard isComplete else {
      throw FileError(
        "\(path): is not what the first process wrote; expected a folder that all processes share "
          + "(FUNMATCH_CACHE can name it)")
    }
    try open()
  }

  /// The lock of the file, and what whoever had it has done; `nil` when the user gives up waiting, or the work is done.
  private func begun(_ isWaited: () -> Bool) throws -> FileLock? {
    var taken = try FileLock.take(path)
    while taken == nil {
      guard isWaited() else { return nil }
      usleep(200_000)
      taken = try FileLock.take(path)
    }
    try read()
    return isComplete ? nil : taken
  }

  /// Logits (images, classes) of some images, not a number where one could not be decoded.
  private func look(
    _ teacher: Teacher, _ source: FixedViewSource, _ number: Int, from first: Int, batchSize: Int,
    device: Device
  ) throws -> Tensor {
    let views = try source.batch(number)
    guard let pixels = views.pixels[teacher.resolution] else {
      throw FileError("no views were drawn at the teacher's \(teacher.resolution) pixels")
    }
    let images = views.isWhole.count
    let logits = Self.logits(teacher, pixels, images: images, batchSize: batchSize, device: device)
    var values = logits.array(as: Float.self)
    for image in 0..<images {
      let range = image * classes..<(image + 1) * classes
      if !views.isWhole[image] {
        for place in range { values[place] = .nan }
      } else if !values[range].allSatisfy(\.isFinite) {
        throw FileError("the teacher's logits of image \(first + image) are not finite")
      }
    }
    return Tensor(values).reshaped([images, classes])
  }

  /// What each process has seen, in order; `nil` where nothing was left for one.
  private func exchanged(
    _ own: Tensor?, of count: Int, _ group: ProcessGroup
  ) throws -> [Tensor?] {
    let images = own?.shape[0] ?? 0
    let marks = Tensor(
      [Float(images), group.wish.rawValue] + [Float](repeating: 0, count: classes)
    )
    .narrowed(0, 0..<max(2, classes)).reshaped([1, max(2, classes)])
    let missing = Tensor.zeros([count - images, classes])
    let rows = Tensor.concatenated([own, missing].compactMap { $0 })
    let padding = Tensor.zeros([count, max(2, classes) - classes])
    let all = try group.allGather(.concatenated([.concatenated([rows, padding], 1), marks]))
    return (0..<group.size).map { rank in
      let table = all.narrowed(0, rank..<rank + 1).reshaped([count + 1, max(2, classes)])
      let marks = table.narrowed(0, count..<count + 1).contiguous.array(as: Float.self)
      group.agree(marks[1])
      return marks[0] > 0 ? table.narrowed(0, 0..<Int(marks[0])).narrowed(1, 0..<classes) : nil
    }
  }

  /// Adds the logits of the next images.
  private func write(_ parts: [Tensor], to file: FileLock) throws {
    for logits in parts {
      let values = logits.contiguous.array(as: Float.self)
      for image in 0..<logits.shape[0] where values[image * classes].isNaN {
        description.missing.append(done + image)
      }
      let bytes = values.withUnsafeBytes { Array($0) }
      bytes.withUnsafeBytes { checksum.update($0) }
      try file.write(bytes, at: done * row)
      description.done += logits.shape[0]
    }
  }

  private func save(_ file: FileLock) throws {
    try file.synchronize()
    description.sha256 = checksum.text
    try JSONText.write(description, to: sidecar)
  }

  /// Logits (N, classes) of images, on the CPU.
  ///
  /// - Precondition: they are complete.
  /// - Throws: `FileError` when the file can no longer be read, or has become too short.
  public func logits(_ indices: [Int]) throws -> Tensor {
    precondition(isComplete)
    guard let input else { throw damage() }
    return try Tensor(shape: [indices.count, classes], dtype: .f32) { bytes in
      for (place, index) in indices.enumerated() {
        let slot = UnsafeMutableRawBufferPointer(rebasing: bytes[place * row..<(place + 1) * row])
        try input.read(at: index * row, into: slot)
      }
    }
  }

  /// Images that could not be decoded when the teacher was to be shown them, and which have no
  /// logits therefore.
  public var missing: Set<Int> { Set(description.missing) }

  /// Bytes of the logits of an image.
  private var row: Int { classes * MemoryLayout<Float>.stride }

  private static func logits(
    _ teacher: Teacher, _ pixels: Pixels, images: Int, batchSize: Int, device: Device
  ) -> Tensor {
    let shape = [pixels.count, pixels.size, pixels.size, 3]
    let all = Tensor(bytes: pixels.bytes, shape: shape, dtype: .u8)
    let parts = stride(from: 0, to: pixels.count, by: batchSize).map { start in
      let part = all.narrowed(0, start..<min(start + batchSize, pixels.count))
      return teacher(Batch.scaled(part.to(device))).to(.cpu)
    }
    let logits = Tensor.concatenated(parts)
    guard pixels.count > images else { return logits }
    let views = logits.softmax().reshaped([images, pixels.count / images, logits.shape[1]])
    return views.mean([1]).logProbabilities
  }

  private func open() throws {
    let file = try InputFile(path)
    guard file.size == description.images * row else { throw damage() }
    input = file
  }

  private func damage() -> FileError {
    FileError(
      "\(path): is damaged (its SHA-256 differs from \(sidecar)); remove both to compute it anew")
  }
}
