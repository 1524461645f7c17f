import Foundation

/// Where what was computed once is kept for later runs.
public enum CacheFolder {
  /// `FUNMATCH_CACHE`, else `funmatch` in the user's folder for caches.
  public static var user: String {
    let environment = ProcessInfo.processInfo.environment
    if let named = environment["FUNMATCH_CACHE"], !named.isEmpty { return named }
    if let caches = environment["XDG_CACHE_HOME"], !caches.isEmpty { return caches + "/funmatch" }
    return HomeFolder.path + "/.cache/funmatch"
  }

  /// Does something with what is kept.
  ///
  /// - Throws: what `body` does; where the system refused a file, with a word on how to choose another folder.
  package static func use<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as FileError {
      guard let code = error.code else { throw error }
      throw FileError(
        "\(error); FUNMATCH_CACHE names another folder for what is kept for later runs", code)
    }
  }
}
