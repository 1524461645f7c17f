import Foundation

/// Standard input, output and error.
public enum StandardStreams {
  /// Opens on `/dev/null` those that whoever started the program had closed. Else the next file that is opened has its
  /// number, and what is printed is written into it. For programs, before they open anything.
  public static func openClosed() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is given out first, and that is this one.
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY)
    }
  }
}
