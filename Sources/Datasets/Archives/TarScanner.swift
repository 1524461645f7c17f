import Foundation
import FunMatchFiles

/// Walks over the members of a tar archive, or of one inside another, by their headers alone. Knows
/// the formats ustar, GNU (long names) and pax.
struct TarScanner {
  /// A regular file.
  struct Member {
    let name: [UInt8]
    let offset: Int
    let size: Int

    var text: String { String(decoding: name, as: UTF8.self) }
  }

  /// What errors call the archive.
  let name: String
  private let descriptor: Int32
  private let end: Int
  private var position: Int
  /// What holds for all members that follow (pax, type g).
  private var common = PaxFields()

  /// Walks over the bytes `range` of an open file.
  init(_ descriptor: Int32, range: Range<Int>, name: String) throws {
    self.descriptor = descriptor
    self.name = name
    (position, end) = (range.lowerBound, range.upperBound)
    let start = try read(min(ForeignContent.beginningSize, range.count), at: position)
    if let foreign = ForeignContent(beginning: start) {
      throw DatasetError("\(name): \(foreign.words)")
    }
    if let compression = Compression.of(beginning: start) { throw compression.error(about: name) }
  }

  /// The next regular file; `nil` at the end.
  ///
  /// - Throws: `DatasetError` when the archive is damaged or cut short.
  mutating func next() throws -> Member? {
    var own = PaxFields()
    while true {
      guard position < end else {
        throw DatasetError("\(name): ends without an archive's end mark; it is cut short")
      }
      let header = try TarHeader(read(TarHeader.size, at: position), at: position, in: name)
      guard let header else { return nil }
      position += TarHeader.size
      switch header.type {
      case "L": own.path = Array(try text(header).prefix { $0 != 0 })
      case "x": try own.take(text(header), in: name)
      case "g": try common.take(text(header), in: name)
      case "0", "\0", "7":
        let path = own.path ?? common.path ?? header.path
        let size = own.size ?? common.size ?? header.count
        let member = Member(name: path, offset: position, size: size)
        try skip(size, member.text)
        return member
      // Links, devices, folders and pipes have no contents, whatever their header says.
      case "1", "2":
        let path = own.path ?? common.path ?? header.path
        guard !ImageName.isAnyImage(path) else {
          throw DatasetError(
            "\(name): \(String(decoding: path, as: UTF8.self)) is a link, which is not followed; "
              + "make the archive anew with the files themselves (tar --dereference "
              + "--hard-dereference)")
        }
        own = PaxFields()
      case "3", "4", "5", "6": own = PaxFields()
      case "S":
        throw DatasetError(
          "\(name): \(String(decoding: header.path, as: UTF8.self)) is a sparse file, which cannot "
            + "be read")
      case "K": try skip(header.count, "a long link name")
      default:
        try skip(own.size ?? header.count, String(decoding: header.path, as: UTF8.self))
        own = PaxFields()
      }
    }
  }

  /// The contents of a small member.
  func contents(_ member: Member) throws -> [UInt8] { try read(member.size, at: member.offset) }

  private mutating func text(_ header: TarHeader) throws -> [UInt8] {
    guard header.count <= 1 << 20 else {
      throw DatasetError("\(name): a member's name takes \(header.count) bytes; it is damaged")
    }
    let text = try read(header.count, at: position)
    try skip(header.count, "a member's name")
    return text
  }

  private mutating func skip(_ count: Int, _ what: String) throws {
    guard count >= 0, count <= end - position else {
      throw DatasetError(
        "\(name): \(what) of \(count) bytes goes beyond the archive's end; it is cut short")
    }
    position = min(end, position + (count + 511) / 512 * 512)
  }

  private func read(_ count: Int, at offset: Int) throws -> [UInt8] {
    guard count <= end - offset else {
      throw DatasetError("\(name): ends in the middle of a member; it is cut short")
    }
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      while done < count {
        let read = pread(
          descriptor, buffer.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
        if read < 0 && errno == EINTR { continue }
        guard read > 0 else {
          let reason = read < 0 ? String(cString: strerror(errno)) : "it ends too early"
          throw DatasetError("\(name): cannot be read (\(reason))")
        }
        done += read
      }
    }
  }
}

/// What pax headers say of a member.
private struct PaxFields {
  var path: [UInt8]?
  var size: Int?

  /// Reads records `LENGTH KEY=VALUE\n`, where the length counts the whole record.
  mutating func take(_ text: [UInt8], in archive: String) throws {
    var rest = text[...]
    while !rest.isEmpty {
      guard let space = rest.firstIndex(of: UInt8(ascii: " ")),
        let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
        length > space - rest.startIndex + 1, length <= rest.count,
        case let record = rest[(space + 1)..<(rest.startIndex + length - 1)],
        rest[rest.startIndex + length - 1] == UInt8(ascii: "\n"),
        let equals = record.firstIndex(of: UInt8(ascii: "="))
      else { throw DatasetError("\(archive): a pax header is damaged") }
      let value = record[(equals + 1)...]
      switch String(decoding: record[..<equals], as: UTF8.self) {
      case "path": path = Array(value)
      case "size":
        guard let number = Int(String(decoding: value, as: UTF8.self)), number >= 0 else {
          throw DatasetError("\(archive): a pax header has a damaged size")
        }
        size = number
      default: break
      }
      rest = rest[(rest.startIndex + length)...]
    }
  }
}
