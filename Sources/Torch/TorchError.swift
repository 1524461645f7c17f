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
  let shortage = TorchError.shortage("\(operation)\(operands)", message)
  Torch.end(shortage ?? "\(operation)\(operands) failed: \(message)")
}

extension TorchError {
  /// A sentence that says that there was no memory for something; `nil` where a library's message is about something else.
  package static func shortage(_ operation: String, _ message: String) -> String? {
    guard isOutOfMemory(message) else { return nil }
    let size = bytesWanted(message).map { " (\(NumberText.bytes($0)) more were wanted)" } ?? ""
    return
      "there is not enough memory for \(operation)\(size); fewer images at a time take less, in a recipe "
      + "microBatchSize, and so does a smaller resolution"
  }

  /// Whether libtorch, in the words of one of its devices, or OpenVINO says that there was no memory.
  package static func isOutOfMemory(_ message: String) -> Bool {
    let words = message.lowercased()
    return [
      "can't alloc", "out of memory", "bad_alloc", "bad allocation",
      "failed to allocate memory", "could not allocate memory", "can not allocate memory",
      "could not create a memory object", "exceeds ptrdiff_max", "memory for lazybuffer",
    ].contains(where: words.contains) || words.contains(/failed to allocate [0-9]+ bytes/)
  }

  /// How much it wanted: `you tried to allocate 4096 bytes`, `Tried to allocate 2.50 GiB`, `Failed to allocate 4096 bytes`.
  package static func bytesWanted(_ message: String) -> Int? {
    guard let start = message.firstRange(of: /(?:[Tt]ri|[Ff]ail)ed to allocate\s/)?.upperBound
    else { return nil }
    let words = message[start...].split(whereSeparator: \.isWhitespace).prefix(2)
    guard words.count == 2, let number = words.first.flatMap({ Double($0) }) else { return nil }
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    let unit = words[words.startIndex + 1].prefix { $0.isLetter }
    guard let power = units.firstIndex(of: String(unit)) else { return nil }
    return Int(
      exactly: (number * Double(sign: .plus, exponent: 10 * power, significand: 1)).rounded())
  }
}
