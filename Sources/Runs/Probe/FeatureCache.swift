import FunMatchFiles
import FunMatchRecipes
import FunMatchTorch

/// Keeps features for later runs: `KEY.f32` with the values and `KEY.json` with what they are of and their checksum.
package struct FeatureCache {
  /// Where they are kept.
  package let folder: String

  private struct Description: Codable {
    let key: [String]
    let images: Int
    let views: Int
    let width: Int
    let checksum: String
  }

  /// - Parameter folder: the user's cache without it.
  package init(folder: String? = nil) { self.folder = (folder ?? CacheFolder.user) + "/features" }

  /// The features under a key: those that are kept, else new ones.
  ///
  /// - Parameters:
  ///   - key: lines that say everything that they depend on.
  ///   - say: told where what is kept is damaged.
  ///   - compute: computes all rows in order and hands them on, (rows, width), f32, on the CPU.
  /// - Returns: the table, and whether it was kept.
  /// - Throws: what `compute` throws; `FileError` when the folder cannot be written; `RecipeError` when another process computes
  ///   them now.
  package func table(
    _ key: [String], images: Int, views: Int, width: Int, say: (String) -> Void,
    _ compute: (_ take: (Tensor) throws -> Void) throws -> Void
  ) throws -> (table: FeatureTable, wasKept: Bool) {
    let name = "\(folder)/\(Checksum.sha256(of: key.joined(separator: "\n")).prefix(32))"
    let (values, description) = (name + ".f32", name + ".json")
    let lock = try CacheFolder.use {
      try AtomicFile.makeFolder(folder)
      return try FileLock.take(name + ".lock")
    }
    guard let lock else {
      throw RecipeError(
        "\(values): another process computes these features now; try again after it")
    }
    return try withExtendedLifetime(lock) {
      if let kept = JSONText.read(description, as: Description.self), kept.key == key,
        (kept.images, kept.views, kept.width) == (images, views, width)
      {
        if let table = try? FeatureTable(values, images: images, views: views, width: width),
          try table.checksum() == kept.checksum
        {
          return (table, true)
        }
        say("\(values): is damaged, and its features are computed anew")
      }
      // Nobody else writes here as long as the lock is held.
      AtomicFile.removeTemporaries(of: values)
      try write(values, compute)
      let table = try FeatureTable(values, images: images, views: views, width: width)
      let checksum = try table.checksum()
      try CacheFolder.use {
        try JSONText.write(
          Description(key: key, images: images, views: views, width: width, checksum: checksum),
          to: description)
      }
      return (table, false)
    }
  }

  private func write(
    _ path: String, _ compute: (_ take: (Tensor) throws -> Void) throws -> Void
  ) throws {
    // What goes wrong while images are read has nothing to do with where features are kept.
    var failure: (any Error)?
    var refusal: (any Error)?
    do {
      try CacheFolder.use {
        try AtomicFile.write(to: path) { file in
          do {
            try compute { rows in
              do {
                try file.append(rows.contiguous.bytes)
              } catch {
                refusal = error
                throw error
              }
            }
          } catch {
            if refusal == nil { failure = error }
            throw error
          }
        }
      }
    } catch {
      throw failure ?? error
    }
  }
}
