import Foundation
import FunMatchTorch

/// Ctrl-C, SIGTERM and SIGHUP as a wish to stop after the step at hand, not as an end in the middle of it; SIGUSR1, by which
/// Slurm warns of the end of a job, as one to save what there is and go on.
public enum StopSignal {
  // The signal's number. A handler may do next to nothing; setting a flag of this type is allowed.
  private nonisolated(unsafe) static var flag: sig_atomic_t = 0

  private nonisolated(unsafe) static var saves: sig_atomic_t = 0

  private nonisolated(unsafe) static var staysCaught = false

  /// Whether one of the signals has come.
  public static var isRequested: Bool { flag != 0 }

  /// How many times it was asked to save.
  static var saveRequests: Int { Int(saves) }

  /// Ends the program by the signal that it was told to stop by, once it has saved what is to be saved: shells, Slurm and
  /// Kubernetes take it for interrupted then, not for done. Does nothing where none came, to this process or to another of
  /// its group.
  public static func end() {
    let number = flag != 0 ? flag : ProcessGroup.current?.isSignalled == true ? SIGTERM : 0
    guard number != 0 else { return }
    ProcessGroup.leave()
    signal(number, SIG_DFL)
    kill(getpid(), number)
  }

  /// Catches the first of these signals; a second one ends the program at once. One that was ignored when the program began
  /// stays without effect: SIGHUP under `nohup`, SIGINT of what a script runs in the background.
  ///
  /// - Parameter isOneOfMany: whether who started this process may send signals that it has from elsewhere, too, as
  ///   `torchrun` does: then none ends the program at once.
  public static func install(isOneOfMany: Bool = false) {
    staysCaught = isOneOfMany
    var wanted = sigset_t()
    sigemptyset(&wanted)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] {
      var before = sigaction()
      sigaction(number, nil, &before)
      guard !isIgnored(before) else { continue }
      signal(number) { number in
        guard number != SIGUSR1 else {
          StopSignal.saves &+= 1
          return
        }
        StopSignal.flag = number
        if !StopSignal.staysCaught { signal(number, SIG_DFL) }
      }
      sigaddset(&wanted, number)
    }
    // A parent that starts us from a thread with blocked signals hands that mask on.
    pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
  }

  private static func isIgnored(_ action: sigaction) -> Bool {
    #if os(Linux)
      let handler = action.__sigaction_handler.sa_handler
    #else
      let handler = action.__sigaction_u.__sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
