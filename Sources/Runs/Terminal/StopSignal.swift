import Foundation

/// Ctrl-C and SIGTERM as a wish to stop after the step at hand, not as an end in the middle of it.
public enum StopSignal {
  // A handler may do next to nothing; setting a flag of this type is allowed.
  private nonisolated(unsafe) static var flag: sig_atomic_t = 0

  private nonisolated(unsafe) static var staysCaught = false

  /// Whether one of the signals has come.
  public static var isRequested: Bool { flag != 0 }

  /// Catches the first of either signal; a second one ends the program at once.
  ///
  /// - Parameter isOneOfMany: whether who started this process may send signals that it has from elsewhere, too, as
  ///   `torchrun` does: then none ends the program at once.
  public static func install(isOneOfMany: Bool = false) {
    staysCaught = isOneOfMany
    var wanted = sigset_t()
    sigemptyset(&wanted)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        StopSignal.flag = 1
        if !StopSignal.staysCaught { signal(number, SIG_DFL) }
      }
      sigaddset(&wanted, number)
    }
    // A parent that starts us from a thread with blocked signals hands that mask on.
    pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
  }
}
