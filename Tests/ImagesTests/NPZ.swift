import Foundation

/// Reads the arrays of a stored (uncompressed) `.npz`, just enough for the golden fixtures. This
/// target does not depend on libtorch, so neither do its tests.
struct NPZ {
  struct Failure: Error { var reason: String }

  struct NPY {
    var type: String
    var shape: [Int]
    var bytes: ArraySlice<UInt8>

    func uint8() throws -> [UInt8] {
      guard type == "|u1" else { throw Failure(reason: "\(type) is not |u1") }
      return Array(bytes)
    }

    func float32() throws -> [Float] {
      guard type == "<f4" else { throw Failure(reason: "\(type) is not <f4") }
      return stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).map { i in
        Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[i + $1]) << (8 * UInt32($1)) })
      }
    }
  }

  private var arrays: [String: NPY] = [:]

  init(_ path: String) throws {
    let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    func number(_ offset: Int, _ size: Int) -> Int {
      (0..<size).reduce(0) { $0 | Int(file[offset + $1]) << (8 * $1) }
    }
    // The end record, without a comment, points at the directory, whose entries point at local
    // headers.
    let end = file.count - 22
    guard end >= 0, number(end, 4) == 0x0605_4b50 else { throw Failure(reason: "\(path): no zip") }
    var entry = number(end + 16, 4)
    for _ in 0..<number(end + 10, 2) {
      guard number(entry + 10, 2) == 0 else { throw Failure(reason: "\(path): compressed") }
      let nameLength = number(entry + 28, 2)
      let name = String(decoding: file[entry + 46..<entry + 46 + nameLength], as: UTF8.self)
      let local = number(entry + 42, 4)
      let data = local + 30 + number(local + 26, 2) + number(local + 28, 2)
      arrays[name] = try Self.parse(file[data..<data + number(entry + 24, 4)])
      entry += 46 + nameLength + number(entry + 30, 2) + number(entry + 32, 2)
    }
  }

  subscript(_ name: String) -> NPY {
    get throws {
      guard let array = arrays[name + ".npy"] else {
        throw Failure(reason: "no array \(name) among \(arrays.keys.sorted())")
      }
      return array
    }
  }

  private static func parse(_ file: ArraySlice<UInt8>) throws -> NPY {
    let start = file.startIndex
    let length = Int(file[start + 8]) | Int(file[start + 9]) << 8
    let header = String(decoding: file[start + 10..<start + 10 + length], as: UTF8.self)
    let parts = header.split(separator: "'").map(String.init)
    guard file[start + 6] == 1, let type = parts.firstIndex(of: "descr").map({ parts[$0 + 2] }),
      let shape = header.split(separator: "(").last?.split(separator: ")").first,
      header.contains("'fortran_order': False")
    else { throw Failure(reason: "not a C-ordered .npy of version 1: \(header)") }
    return NPY(
      type: type,
      shape: shape.split(separator: ",").compactMap {
        Int($0.trimmingCharacters(in: .whitespaces))
      },
      bytes: file[(start + 10 + length)...])
  }
}
