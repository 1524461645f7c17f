import FunMatchTorch

/// Adds up the time that the parts of a step take, waiting for the device at the end of each.
public final class Stopwatch {
  /// Seconds by part: `teacher`, `student` (forward and backward) and `optimizer`.
  public private(set) var seconds: [String: Double] = [:]
  private let device: Device
  private var start = ContinuousClock.now

  /// A stopwatch at zero.
  public init(_ device: Device) { self.device = device }

  /// Starts a part.
  func begin() {
    device.synchronize()
    start = .now
  }

  /// Ends a part and starts the next.
  func lap(_ part: String) {
    device.synchronize()
    let now = ContinuousClock.now
    seconds[part, default: 0] += start.duration(to: now).seconds
    start = now
  }
}
