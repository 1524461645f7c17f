#if os(Linux)
  import Foundation
  import Testing

  /// No thread starts in this process any more: their stacks would not fit any memory.
  public func refuseThreads() throws {
    typealias SetDefault = @convention(c) (UnsafePointer<pthread_attr_t>) -> Int32
    // Swift's Glibc module does not have it.
    let symbol = try #require(dlsym(nil, "pthread_setattr_default_np"))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    try #require(pthread_attr_setstacksize(&attributes, 1 << 50) == 0)
    try #require(unsafeBitCast(symbol, to: SetDefault.self)(&attributes) == 0)
  }
#endif
