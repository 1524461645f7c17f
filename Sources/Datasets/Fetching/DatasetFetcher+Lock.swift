import Foundation
import FunMatchFiles

extension DatasetFetcher {
  /// Keeps other fetches from the same file while `body` runs.
  ///
  /// curl and tar inherit the lock: when this process is killed and they are not, the file stays
  /// locked until they have ended.
  ///
  /// - Throws: `DatasetError` when another process fetches it, or what `body` throws.
  func locking(_ file: DatasetSource.File, _ body: () throws -> Void) throws {
    let path = folder + "/." + file.name + ".lock"
    while true {
      let taken: FileLock?
      do {
        taken = try FileLock.take(path, isInherited: true)
      } catch {
        // Nothing can be fetched into a folder that cannot be written, but all may be there already.
        return try body()
      }
      guard let lock = taken else {
        throw DatasetError(
          "\(self.path(of: file)): another `funmatch data fetch` is fetching it; wait for it, or "
            + "end it and its curl")
      }
      // The process that held it may have removed it since it was opened here.
      guard lock.isThere else { continue }
      defer { unlink(path) }
      return try withExtendedLifetime(lock, body)
    }
  }
}
