import CZlib
import Foundation

/// Reads MATLAB files of version 5 (`save -v6`, `save -v7`), of either byte order.
struct MATFile {
  /// Larger files and larger decompressed variables are refused: the lists that come with data sets
  /// are far smaller.
  private static let limit = 64 << 20

  let path: String
  private let variables: [String: MATValue]

  /// Reads a whole file.
  ///
  /// - Throws: `DatasetError` when it is missing or not sound.
  init(_ path: String) throws {
    self.path = path
    let bytes = [UInt8](try TextFile.data(path))
    do throws(Damage) {
      variables = try Self.variables(bytes)
    } catch {
      throw DatasetError("\(path): is no sound MATLAB 5 file: \(error.reason)")
    }
  }

  /// A variable by name.
  ///
  /// - Throws: `DatasetError` when there is none.
  subscript(name: String) -> MATValue {
    get throws {
      guard let value = variables[name] else {
        throw DatasetError("\(path): has no variable '\(name)'")
      }
      return value
    }
  }

  /// What is wrong with a file.
  struct Damage: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
  }

  private static func variables(_ bytes: [UInt8]) throws(Damage) -> [String: MATValue] {
    guard bytes.count <= limit else { throw Damage("it takes \(bytes.count) bytes") }
    guard !bytes.starts(with: "MATLAB 7.3".utf8) else {
      throw Damage("it is of version 7.3; save it with -v7")
    }
    guard bytes.count >= 128 else { throw Damage("its header is cut short") }
    let isBigEndian = bytes[126...127].elementsEqual("MI".utf8)
    guard isBigEndian || bytes[126...127].elementsEqual("IM".utf8) else {
      throw Damage("its header tells no byte order")
    }
    var result: [String: MATValue] = [:]
    var room = limit
    var parser = MATParser(bytes[128...], isBigEndian: isBigEndian)
    while !parser.isAtEnd {
      let element = try parser.element()
      switch element.type {
      case MATParser.matrix:
        let variable = try parser.array(element.body)
        result[variable.name] = variable.value
      case MATParser.compressed:
        let inside = try inflate(element.body, limit: room)
        room -= inside.count
        var inner = MATParser(inside[...], isBigEndian: isBigEndian)
        let element = try inner.element()
        guard element.type == MATParser.matrix else { continue }
        let variable = try inner.array(element.body)
        result[variable.name] = variable.value
      default: continue
      }
    }
    return result
  }

  private static func inflate(_ body: ArraySlice<UInt8>, limit: Int) throws(Damage) -> [UInt8] {
    var stream = z_stream()
    guard
      inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw Damage("memory ran out") }
    defer { inflateEnd(&stream) }
    var input = Array(body)
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var result: [UInt8] = []
    var status = Z_OK
    input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      while status == Z_OK && result.count <= limit {
        chunk.withUnsafeMutableBufferPointer { chunk in
          stream.next_out = chunk.baseAddress
          stream.avail_out = UInt32(chunk.count)
          status = CZlib.inflate(&stream, Z_NO_FLUSH)
          result.append(contentsOf: chunk[..<(chunk.count - Int(stream.avail_out))])
        }
      }
    }
    guard result.count <= limit else { throw Damage("its variables are too large") }
    guard status == Z_STREAM_END else { throw Damage("a compressed variable is damaged") }
    return result
  }
}
