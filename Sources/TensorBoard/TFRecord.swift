/// The framing of a TFRecord file: the length of a record (8 bytes), its checksum (4), the record,
/// the checksum of the record (4); numbers are little endian.
package enum TFRecord {
  /// A record with its frame.
  package static func framed(_ record: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(record.count))
    return length + littleEndian(CRC32C.masked(length)) + record
      + littleEndian(CRC32C.masked(record))
  }

  /// The bytes of a number, the lowest first.
  static func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian, Array.init)
  }
}
