internal import CTorch

/// The gradients of a network that several processes train, in flat buckets. A bucket is added up over all processes as
/// soon as backward has filled it, while backward goes on.
///
/// The layout follows from the list of parameters and never changes, so that a run that goes on has the same sums. (c10d's
/// own `Reducer` lays its buckets out anew after the first step.)
public final class GradientBuckets {
  /// What all processes say of a step beside their gradients.
  public struct Summary: Sendable {
    /// The sum of their losses.
    public let loss: Double
    /// Whether one of them wants to stop.
    public let isStopWanted: Bool
  }

  private let handle: ct_buckets
  private let group: ProcessGroup

  /// For these parameters, f32, all of which want gradients.
  ///
  /// - Parameters:
  ///   - bytes: about how large a bucket is.
  public init(_ parameters: [Tensor], _ group: ProcessGroup, bytes: Int = 25 << 20) {
    var buckets = ct_buckets(pointer: nil)
    require("gradient buckets") {
      ct_buckets_make(
        group.handle, parameters.map(\.handle), Int32(parameters.count), Int64(bytes), 2, &buckets)
    }
    (handle, self.group) = (buckets, group)
  }

  deinit { ct_buckets_free(handle) }

  /// Has the next `backward` be the last one of a step.
  ///
  /// - Parameter loss: this process's part of the step's mean loss.
  public func begin(loss: Double) {
    require("gradient buckets") { ct_buckets_begin(handle, [loss, Double(group.wish.rawValue)]) }
  }

  /// Waits until the parameters' gradients are the sums over all processes.
  ///
  /// - Throws: `TorchError` when another process is gone.
  public func finish() throws -> Summary {
    var values = [0.0, 0.0]
    guard ct_buckets_finish(handle, &values) == CT_OK else {
      throw TorchError(String(cString: ct_last_error()))
    }
    // Not a number where losses are not: then all of them end anyway.
    group.agree(Float(values[1]))
    return Summary(loss: values[0], isStopWanted: values[1] > 0)
  }
}
