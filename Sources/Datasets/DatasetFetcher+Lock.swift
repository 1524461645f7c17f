import Foundation

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
      let descriptor = open(path, O_RDWR | O_CREAT, 0o666)
      // Nothing can be fetched into a folder that cannot be written, but all may be there already.
      guard descriptor >= 0 else { return try body() }
      defer { close(descriptor) }
      // A file system without locks is no reason to fetch nothing.
      if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
        throw DatasetError(
          "\(self.path(of: file)): another `funmatch data fetch` is fetching it; wait for it, or "
            + "end it and its curl")
      }
      // The one who held it may have removed it since it was opened here.
      guard Self.isSame(descriptor, path) else { continue }
      defer {
        unlink(path)
        flock(descriptor, LOCK_UN)
      }
      return try body()
    }
  }

  private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
    var (opened, named) = (stat(), stat())
    return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0
      && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino
  }
}
