import Foundation

/// What reads files that come from outside. `make fuzz` hands each of them damaged files by the million; what ever crashed one
/// lies in `Tests/Regressions/<reader>`, and the tests read it again.
///
/// A reader may refuse a file, with an error that names it; whatever else it does wrong ends the process.
package enum FuzzedReader: String, CaseIterable, Sendable {
  case jpeg, png, webp, gif, tiff, bmp, heif, exif
  case tar, index, mat, idx, lists, csv
  case npy, npz, safetensors, pth, model, onnx
  case recipe, study, checkpoint, bank, metrics

  /// Reads bytes as a file of this kind.
  ///
  /// - Parameter folder: one for this process alone, in which the file is put.
  /// - Returns: whether they were of this kind at all.
  package func read(_ bytes: UnsafeRawBufferPointer, in folder: String) -> Bool {
    switch self {
    case .jpeg, .png, .webp, .gif, .tiff, .bmp, .heif:
      guard isBeginning(bytes) else { return false }
      Self.readImage(bytes)
      if self == .png { Self.mendedPNG(bytes).withUnsafeBytes(Self.readImage) }
    case .exif: return Self.readOrientation(bytes)
    case .tar: Self.readShard(bytes, in: folder)
    case .index: Self.readIndex(bytes, in: folder)
    case .mat: Self.readMAT(bytes, in: folder)
    case .idx: Self.readIDX(bytes, in: folder)
    case .lists: Self.readLists(bytes, in: folder)
    case .csv: Self.readCSV(bytes, in: folder)
    case .npy, .npz, .safetensors, .pth, .model, .onnx: readWeights(bytes, in: folder)
    case .recipe: Self.readRecipe(bytes, in: folder)
    case .study: Self.readStudy(bytes, in: folder)
    case .checkpoint: Self.readCheckpoint(bytes, in: folder)
    case .bank: Self.readBank(bytes, in: folder)
    case .metrics: Self.readMetrics(bytes, in: folder)
    }
    return true
  }

  /// Does something with files in `folder`, which may only fail with an error that names one of them.
  static func attempt(_ folder: String, _ body: () throws -> Void) {
    do {
      try body()
    } catch {
      precondition("\(error)".contains(folder), "an error that names no file: \(error)")
    }
  }

  /// Puts a file into a folder and returns its path.
  static func put(
    _ bytes: UnsafeRawBufferPointer, _ name: String, in folder: String
  ) -> String {
    let path = folder + "/" + name
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    precondition(descriptor >= 0, "\(path) cannot be written")
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      precondition(count > 0, "\(path) cannot be written")
      rest = rest.dropFirst(count)
    }
    close(descriptor)
    return path
  }

  /// The same with a text.
  @discardableResult
  static func put(_ text: String, _ name: String, in folder: String) -> String {
    Array(text.utf8).withUnsafeBytes { put($0, name, in: folder) }
  }

  /// Makes a folder in a folder, if it is not there.
  static func make(_ name: String, in folder: String) {
    try? FileManager.default.createDirectory(
      atPath: folder + "/" + name, withIntermediateDirectories: true)
  }
}
