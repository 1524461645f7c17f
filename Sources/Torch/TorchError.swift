internal import CTorch
import Foundation
import FunMatchFiles

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
  if ct_group_is_lost() { Torch.end(message) }
  if TorchError.isOutOfMemory(message) {
    let size = TorchError.bytesWanted(message).map { " (\(NumberText.bytes($0)) more were wanted)" }
    Torch.end(
      "there is not enough memory for \(operation)\(operands)\(size ?? ""); fewer images at a time take less, "
        + "in a recipe microBatchSize, and so does a smaller resolution")
  }
  Torch.end("\(operation)\(operands) failed: \(message)")
}

extension TorchError {
  /// Whether libtorch says, in the words of one of its devices, that there was no memory.
  package static func isOutOfMemory(_ message: String) -> Bool {
    ["can't allocate memory", "out of memory", "bad_alloc", "bad allocation"]
      .contains(where: message.contains)
  }

  /// How much it wanted: `you tried to allocate 4096 bytes`, `Tried to allocate 2.50 GiB`.
  package static func bytesWanted(_ message: String) -> Int? {
    guard let start = message.range(of: "ried to allocate ")?.upperBound else { return nil }
    let words = message[start...].split(whereSeparator: \.isWhitespace).prefix(2)
    guard words.count == 2, let number = words.first.flatMap({ Double($0) }) else { return nil }
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    let unit = words[words.startIndex + 1].prefix { $0.isLetter }
    guard let power = units.firstIndex(of: String(unit)) else { return nil }
    return Int(
      exactly: (number * Double(sign: .plus, exponent: 10 * power, significand: 1)).rounded())
  }
}
