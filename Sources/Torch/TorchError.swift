internal import CTorch
import Foundation

/// Something outside the program's control went wrong: a file, a device, a value read from outside.
public struct TorchError: Error, CustomStringConvertible, Equatable {
  /// One sentence that names what was wrong and what was expected.
  public let description: String

  /// An error with this sentence.
  public init(_ description: String) { self.description = description }
}

/// Ends the program when a call into libtorch fails.
///
/// An operator fails through a programmer's shape error or for want of memory; neither can be
/// mended where it happens, so the tool says what it was doing and stops with exit code 1.
@inline(__always)
func require(
  _ operation: String, _ tensors: @autoclosure () -> [Tensor?] = [], _ body: () -> Int32
) {
  if body() != CT_OK { stop(operation, tensors()) }
}

private func stop(_ operation: String, _ tensors: [Tensor?]) -> Never {
  let message = String(cString: ct_last_error())
  let shapes = tensors.compactMap { $0 }.map { "\($0.shape) \($0.dtype)" }
  let operands = shapes.isEmpty ? "" : " of " + shapes.joined(separator: ", ")
  Torch.end(ct_group_is_lost() ? message : "\(operation)\(operands) failed: \(message)")
}
