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
}
