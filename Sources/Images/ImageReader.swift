import CCodecs
import Foundation

/// Reads images one after another with memory that it keeps, so that a loop over many of them
/// allocates nothing once the largest has been seen. For one thread at a time.
///
/// An image is opened, which reads its size; then any part of it can be decoded, once. Errors do not
/// name the file: whoever opened it knows.
public final class ImageReader {
  /// How images are decoded.
  public let decoder: ImageDecoder
  /// The number of rows of the open image; 0 when there is none.
  public private(set) var height = 0
  /// The number of columns of the open image; 0 when there is none.
  public private(set) var width = 0

  /// The open image's format; `nil` for raw pixels.
  public private(set) var format: ImageFormat?

  private enum Content {
    case nothing
    case encoded
    case pixels
  }
  private let codec: OpaquePointer
  private var content = Content.nothing
  private var file = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var raw = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
  private var borrowed: UnsafePointer<UInt8>?
  private var decoded = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
  private var turned = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
  private var orientation = Orientation.upright

  /// A reader that holds no image yet.
  public init(_ decoder: ImageDecoder = ImageDecoder()) {
    self.decoder = decoder
    guard let codec = cc_create() else { fatalError("out of memory") }
    self.codec = codec
  }

  deinit {
    cc_destroy(codec)
    file.deallocate()
    raw.deallocate()
    decoded.deallocate()
    turned.deallocate()
  }

  /// Opens an image file.
  ///
  /// - Throws: `ImageError` when it cannot be read or is no image.
  public func open(file path: String) throws {
    try path.withCString { try open(path: $0) }
  }

  /// Opens the image file at a path that ends in a zero byte.
  ///
  /// - Throws: `ImageError` when it cannot be read or is no image.
  public func open(path: UnsafePointer<CChar>) throws {
    forget()
    // A pipe is refused below; waiting for somebody to write to it would be for ever.
    let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Self.unreadable(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.unreadable(errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ImageError(kind: .unreadable, reason: "it is not a regular file")
    }
    try open(descriptor: descriptor, offset: 0, count: Int(status.st_size))
  }

  /// Opens an image that is `count` bytes of an open file, such as a tar archive, from `offset` on.
  ///
  /// - Throws: `ImageError` when it cannot be read or is no image.
  public func open(descriptor: Int32, offset: Int, count: Int) throws {
    try open(count: count) { try Self.read(descriptor, at: offset, into: $0) }
  }

  /// Opens an image of `count` bytes, all of which `fill` writes into memory of the reader's.
  ///
  /// - Throws: `ImageError` when it is too large or no image, and what `fill` throws.
  public func open(count: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
    forget()
    guard count <= decoder.byteLimit else {
      throw ImageError(
        kind: .tooLarge, reason: "its \(count) bytes are more than \(decoder.byteLimit)")
    }
    if file.count < count {
      file.deallocate()
      file = .allocate(byteCount: count + count / 4, alignment: 16)
    }
    let bytes = UnsafeMutableRawBufferPointer(rebasing: file[..<count])
    try fill(bytes)
    try open(bytes: UnsafeRawBufferPointer(bytes))
  }

  /// Reads as many bytes of an open file, from `offset` on, as `target` holds.
  ///
  /// - Throws: `ImageError` when they are not there or cannot be read.
  package static func read(
    _ descriptor: Int32, at offset: Int, into target: UnsafeMutableRawBufferPointer
  ) throws {
    var done = 0
    while done < target.count {
      let read = pread(
        descriptor, target.baseAddress.map { $0 + done }, target.count - done,
        off_t(offset + done))
      if read < 0 && errno == EINTR { continue }
      guard read >= 0 else { throw unreadable(errno) }
      guard read > 0 else {
        throw ImageError(
          kind: .unreadable, reason: "it ends after \(done) of \(target.count) bytes")
      }
      done += read
    }
  }

  /// Opens an image in memory, which must stay there until another is opened.
  ///
  /// - Throws: `ImageError` when the bytes are no image, or its header asks for more pixels than the
  ///   decoder's limit allows or than that many bytes can hold.
  public func open(bytes: UnsafeRawBufferPointer) throws {
    forget()
    var header = cc_header()
    let flags = decoder.flags
    try call { message in
      cc_open(
        codec, bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count, flags,
        UInt64(max(decoder.byteLimit, 0)), message, &header)
    }
    orientation = Orientation(exif: Int(header.orientation))
    (height, width) = orientation.size(height: Int(header.height), width: Int(header.width))
    format = ImageFormat(code: header.format)
    encoded = bytes
    content = .encoded
  }

  /// Opens an image of raw pixels, all `height * width * 3` of which `fill` writes.
  public func open(
    height: Int, width: Int, fill: (UnsafeMutableBufferPointer<UInt8>) -> Void
  ) {
    forget()
    let count = height * width * 3
    Self.grow(&raw, to: count)
    fill(UnsafeMutableBufferPointer(rebasing: raw[..<count]))
    hold(height: height, width: width, UnsafeBufferPointer(rebasing: raw[..<count]))
  }

  /// Opens an image of raw pixels in memory, which must stay there until another is opened.
  ///
  /// - Precondition: there are `height * width * 3` of them.
  public func open(height: Int, width: Int, pixels: UnsafeBufferPointer<UInt8>) {
    forget()
    hold(height: height, width: width, pixels)
  }

  private func hold(height: Int, width: Int, _ pixels: UnsafeBufferPointer<UInt8>) {
    precondition(height > 0 && width > 0 && pixels.count == height * width * 3)
    (self.height, self.width) = (height, width)
    borrowed = pixels.baseAddress
    content = .pixels
  }

  /// Decodes the pixels of the open image inside `box`, and no more of it than that takes.
  ///
  /// - Precondition: an image is open. An encoded one can be asked once, unless it is opened again.
  /// - Returns: exactly that part; valid until the reader is used again.
  /// - Throws: `ImageError` when the box is not inside the image, or that part of it is damaged.
  public func part(_ box: Box) throws -> PixelPart {
    guard box.fits(height: height, width: width) else {
      throw ImageError(
        kind: .geometry,
        reason: "the box at row \(box.y), column \(box.x) of \(box.height) x \(box.width) pixels "
          + "is not inside the image's \(height) x \(width)")
    }
    switch content {
    case .nothing:
      preconditionFailure("no image is open")
    case .pixels:
      guard let base = borrowed else { preconditionFailure("an image has pixels") }
      return PixelPart(
        base: base + (box.y * width + box.x) * 3, stride: width * 3, box: box, height: height,
        width: width)
    case .encoded:
      content = .nothing
      return try decode(box)
    }
  }

  /// The bytes of the open image as they are stored; `nil` for raw pixels. Valid until the reader is
  /// used again.
  public private(set) var encoded: UnsafeRawBufferPointer?

  /// The whole open image.
  ///
  /// - Throws: `ImageError` when it is damaged.
  public func image() throws -> PixelImage {
    try part(Box(y: 0, x: 0, height: height, width: width)).copy()
  }

  private func decode(_ box: Box) throws -> PixelPart {
    let stored = orientation.stored(box, height: height, width: width)
    let storedWidth = orientation.size(height: height, width: width).width
    let stride = 3 * min(stored.width + Int(CC_MARGIN), storedWidth)
    Self.grow(&decoded, to: stored.height * stride)
    var layout = cc_layout()
    try call { message in
      cc_decode(
        codec, Int32(stored.y), Int32(stored.x), Int32(stored.height), Int32(stored.width),
        decoded.count, message, decoded.baseAddress, &layout)
    }
    guard let start = decoded.baseAddress else { preconditionFailure("a box has pixels") }
    let part = PixelPart(
      base: start + layout.start, stride: layout.stride, box: box, height: height, width: width)
    guard orientation != .upright else { return part }
    Self.grow(&turned, to: box.height * box.width * 3)
    guard let target = turned.baseAddress else { preconditionFailure("a box has pixels") }
    orientation.turn(
      part.base, stride: part.stride, height: stored.height, width: stored.width, into: target)
    return PixelPart(
      base: target, stride: box.width * 3, box: box, height: height, width: width)
  }

  private func forget() {
    if file.count > 2 * Self.mostKept {
      file.deallocate()
      file = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
    Self.shrink(&raw)
    Self.shrink(&decoded)
    Self.shrink(&turned)
    (height, width, format, encoded, content) = (0, 0, nil, nil, .nothing)
    (orientation, borrowed) = (.upright, nil)
  }

  private static func grow(_ buffer: inout UnsafeMutableBufferPointer<UInt8>, to count: Int) {
    guard buffer.count < count else { return }
    buffer.deallocate()
    // A little more, since the next image is rarely of exactly the same size.
    buffer = .allocate(capacity: count < mostKept ? count + count / 4 : count)
  }

  /// Gives up memory that only a rare, huge image needs.
  private static func shrink(_ buffer: inout UnsafeMutableBufferPointer<UInt8>) {
    guard buffer.count > 2 * mostKept else { return }
    buffer.deallocate()
    buffer = UnsafeMutableBufferPointer(start: nil, count: 0)
  }

  private static let mostKept = 64 << 20

  private static func unreadable(_ code: Int32) -> ImageError {
    ImageError(kind: .unreadable, reason: String(cString: strerror(code)))
  }
}
