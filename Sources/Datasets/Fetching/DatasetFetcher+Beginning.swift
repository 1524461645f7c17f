import Foundation
import FunMatchFiles

extension DatasetFetcher {
  /// How a file begins that is not what its name says, such as the page of a captive portal; `nil`
  /// when it may well be. It is all that can be looked at where no sum is published.
  static func wrongBeginning(of path: String, as name: String) -> String? {
    guard let file = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? file.close() }
    let bytes = [UInt8]((try? file.read(upToCount: 64)) ?? Data())
    let isRight: Bool
    switch name.lowercased() {
    case let name where name.hasSuffix(".npz"): isRight = bytes.starts(with: "PK\u{3}\u{4}".utf8)
    case let name where name.hasSuffix(".tgz") || name.hasSuffix(".gz"):
      isRight = bytes.starts(with: [0x1f, 0x8b])
    case let name where name.hasSuffix(".mat"): isRight = bytes.starts(with: "MATLAB".utf8)
    default: isRight = ForeignContent(path: path) == nil
    }
    guard !isRight else { return nil }
    let printable = bytes.prefix(24).map { (0x20..<0x7f).contains($0) ? $0 : UInt8(ascii: ".") }
    return bytes.isEmpty ? "nothing" : "'\(String(decoding: printable, as: UTF8.self))'"
  }
}
