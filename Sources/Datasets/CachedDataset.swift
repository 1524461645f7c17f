import Foundation
import FunMatchFiles
import FunMatchImages

/// Another data set with its images kept in memory: as the image files that they are, or
/// decoded.
///
/// Reading gives pointers into that memory and copies nothing. An image that cannot be read or
/// decoded when the memory is filled is left to the other data set, and fails there when it is asked
/// for; so is one that the other data set holds as pixels already.
public final class CachedDataset: Dataset, @unchecked Sendable {
  /// What is kept.
  public enum Mode: String, Sendable, Codable, CaseIterable {
    /// The files as they are.
    case bytes
    /// Their pixels.
    case pixels
  }

  /// Where an image lies; `count` is 0 when it is left to the other data set.
  private struct Place {
    var offset = 0
    var count = 0
    var height = 0
    var width = 0
  }

  private let base: any Dataset
  private let mode: Mode
  /// Written by `fill` from many threads, every element by one; not changed afterwards.
  private let places: UnsafeMutableBufferPointer<Place>
  private let memory: UnsafeMutableRawBufferPointer

  /// Reads all images of `base`.
  ///
  /// - Parameters:
  ///   - decoder: how images are decoded; readers of `pixels` get them as this decoder makes them.
  ///   - threads: how many images are read at once.
  ///   - announce: told how many bytes that takes, before they are taken. To know it for `pixels`,
  ///     every image has been opened once.
  /// - Throws: `DatasetError` when the memory cannot be had.
  public init(
    _ base: any Dataset, mode: Mode, decoder: ImageDecoder = ImageDecoder(),
    threads: Int = ProcessInfo.processInfo.activeProcessorCount,
    announce: (_ bytes: Int) -> Void = { _ in }
  ) throws {
    self.base = base
    self.mode = mode
    places = Self.plan(base, mode, decoder, threads)
    var size = 0
    for index in places.indices {
      places[index].offset = size
      size += places[index].count
    }
    announce(size)
    guard let start = malloc(max(size, 1)) else {
      places.deallocate()
      throw DatasetError("memory for \(size) bytes of images cannot be had")
    }
    memory = UnsafeMutableRawBufferPointer(start: start, count: size)
    Workers.run(count: base.count, threads: threads) {
      ImageReader(decoder)
    } work: { [self] reader, index in
      if places[index].count > 0, (try? fill(index, reader)) != true { places[index].count = 0 }
    }
  }

  deinit {
    places.deallocate()
    free(memory.baseAddress)
  }

  /// The sizes of all images; 0 for those that are left to the data set.
  private static func plan(
    _ base: any Dataset, _ mode: Mode, _ decoder: ImageDecoder, _ threads: Int
  ) -> UnsafeMutableBufferPointer<Place> {
    let places = Places(count: base.count)
    Workers.run(count: base.count, threads: threads) {
      ImageReader(decoder)
    } work: { reader, index in
      guard let size = base.encodedSize(at: index) else { return }
      guard mode == .pixels else {
        places.all[index].count = size
        return
      }
      guard (try? base.open(index, with: reader)) != nil else { return }
      let (height, width) = (reader.height, reader.width)
      places.all[index] = Place(count: height * width * 3, height: height, width: width)
    }
    return places.all
  }

  /// Lets threads write elements that no other touches.
  private struct Places: @unchecked Sendable {
    let all: UnsafeMutableBufferPointer<Place>

    init(count: Int) {
      all = .allocate(capacity: count)
      all.initialize(repeating: Place())
    }
  }

  /// Whether the image is as large as it was when its place was planned, and lies there now.
  private func fill(_ index: Int, _ reader: ImageReader) throws -> Bool {
    let place = places[index]
    let target = UnsafeMutableRawBufferPointer(
      rebasing: memory[place.offset..<place.offset + place.count])
    try base.open(index, with: reader)
    switch mode {
    case .bytes:
      guard let encoded = reader.encoded, encoded.count == place.count else { return false }
      target.copyMemory(from: encoded)
    case .pixels:
      guard reader.height == place.height, reader.width == place.width else { return false }
      try reader.image().pixels.withUnsafeBytes { target.copyMemory(from: $0) }
    }
    return true
  }

  /// Number of images.
  public var count: Int { base.count }
  /// Names of the classes by label.
  public var classNames: [String] { base.classNames }
  /// What the other data set says of them.
  public var classNamesAreNumbers: Bool { base.classNamesAreNumbers }
  /// Those of the other data set: the order in which images are visited is the same.
  public var shards: [Range<Int>] { base.shards }
  /// What the other data set calls the image.
  public func name(at index: Int) -> String { base.name(at: index) }
  /// What the other data set calls it within itself.
  public func localName(at index: Int) -> String { base.localName(at: index) }
  /// The class of an image.
  public func label(at index: Int) -> Int? { base.label(at: index) }
  /// What the other data set says of it.
  public func encodedSize(at index: Int) -> Int? { base.encodedSize(at: index) }

  /// Makes an image the one that `reader` holds, from memory.
  ///
  /// - Throws: `ImageError` when the image could not be kept, and cannot be read either.
  public func open(_ index: Int, with reader: ImageReader) throws {
    let place = places[index]
    guard place.count > 0 else { return try base.open(index, with: reader) }
    let bytes = UnsafeRawBufferPointer(
      rebasing: memory[place.offset..<place.offset + place.count])
    switch mode {
    case .bytes: try reader.open(bytes: bytes)
    case .pixels:
      reader.open(
        height: place.height, width: place.width,
        pixels: bytes.bindMemory(to: UInt8.self))
    }
  }
}
