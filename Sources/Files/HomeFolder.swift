import Foundation

/// The user's own folder.
package enum HomeFolder {
  /// `HOME`, which containers set where the system's list of users knows better; without it what that list says.
  package static var path: String {
    let named = ProcessInfo.processInfo.environment["HOME"] ?? ""
    return named.isEmpty ? NSHomeDirectory() : named
  }

  /// A path as shells read it where it begins with `~` or `~/`.
  package static func expanded(_ path: String) -> String {
    path == "~" || path.hasPrefix("~/") ? self.path + path.dropFirst() : path
  }
}
