import CZlib

/// The checksum that zlib, PNG and ZIP use.
enum CRC32 {
  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let start = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
    return UInt32(crc32_z(0, start, bytes.count))
  }
}
