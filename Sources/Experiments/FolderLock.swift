import Foundation

/// Keeps other processes out of a folder as long as it lives, however the process ends.
final class FolderLock {
  private let descriptor: Int32

  /// - Throws: `ExperimentError` when another process has the folder.
  init(_ path: String) throws {
    descriptor = open(path + "/.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw ExperimentError("\(path): cannot be written") }
    // On a file system without locks, nobody is known to run here.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      close(descriptor)
      throw ExperimentError("\(path): another process is running in this folder")
    }
  }

  deinit { close(descriptor) }
}
