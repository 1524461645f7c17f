import FunMatchFiles
import FunMatchRecipes
import FunMatchTorch

extension MemoryEstimate {
  /// Memory that there is, in bytes.
  package struct Room: Sendable {
    /// What the process has, and what it may still take.
    let resident, free: Int
    /// What the networks' device has left, where it is not the process's own.
    let device: Int?

    package init(resident: Int, free: Int, device: Int? = nil) {
      (self.resident, self.free, self.device) = (resident, free, device)
    }

    /// What there is now; `nil` where the system does not tell.
    package init?(_ device: Device) {
      guard let free = ProcessMemory.available, let resident = ProcessMemory.resident else {
        return nil
      }
      self.init(resident: resident, free: free, device: device.freeMemory)
    }
  }

  /// An estimate may be wrong by so much: what would need no more of what is free is tried.
  static let tolerance = 1.3

  /// Makes sure that the run has a chance.
  ///
  /// - Throws: `RecipeError` with the largest size that fits, and the key to set.
  package func check(_ room: Room) throws {
    guard excess(size, room) > Self.tolerance else { return }
    throw RecipeError(refusal(room))
  }

  /// Whether the run takes no more than is free, as far as that is known.
  func fits(_ room: Room) -> Bool { excess(size, room) <= 1 }

  /// What a run of this size would take more, as a multiple of what is free: of the device or of the process, whichever is
  /// tighter.
  private func excess(_ size: Size, _ room: Room) -> Double {
    guard isOnDevice else { return Self.ratio(bytes(size, resident: 0), room.free) }
    let host = Self.ratio(hostBytes(size, resident: 0), room.free)
    return max(host, room.device.map { Self.ratio(bytes(size, resident: 0), $0) } ?? 0)
  }

  /// Bytes as a multiple of those that are free.
  static func ratio(_ bytes: Int, _ free: Int) -> Double {
    Double(max(0, bytes)) / Double(max(1, free))
  }

  private func refusal(_ room: Room) -> String {
    let isHost = isOnDevice && hostBytes(size, resident: 0) > room.free
    let needed = isHost ? hostBytes(size, resident: 0) : bytes(size, resident: 0)
    let free = isOnDevice && !isHost ? room.device ?? room.free : room.free
    let start =
      "this run would take about \(Self.text(needed)) of memory, and \(Self.text(free)) are free"
    func fits(_ change: (inout Size) -> Void) -> Bool {
      var other = size
      change(&other)
      return excess(other, room) <= 1
    }
    if let images = Self.largest(upTo: size.atOnce, { images in fits { $0.atOnce = images } }) {
      return "\(start); microBatchSize: \(images) fits"
    }
    let most = size.evaluated
    if let images = Self.largest(upTo: most, { images in fits { $0.evaluated = images } }) {
      return "\(start); evaluation.batchSize: \(images) fits"
    }
    let both = Self.largest(upTo: max(size.atOnce, most)) { images in
      fits { ($0.atOnce, $0.evaluated) = (min($0.atOnce, images), min(most, images)) }
    }
    if let both {
      return "\(start); microBatchSize: \(both) with evaluation.batchSize: \(both) fits"
    }
    // Views of a step are in memory whatever networks are given at a time.
    let batch = Self.largest(upTo: size.batch) { images in
      fits { ($0.batch, $0.atOnce, $0.evaluated) = (images, 1, min(most, 1)) }
    }
    if let batch {
      let half = max(1, batch / 2)
      let images = Self.largest(upTo: min(half, size.atOnce)) { images in
        fits { ($0.batch, $0.atOnce, $0.evaluated) = (half, images, min(most, images)) }
      }
      return "\(start); batchSize: \(half) with microBatchSize: \(images ?? 1) fits"
    }
    let side = Self.largest(upTo: size.resolution / 8) { side in
      fits {
        ($0.batch, $0.atOnce, $0.evaluated, $0.resolution) = (1, 1, min(most, 1), 8 * side)
      }
    }
    if let side, side > 1 {
      return "\(start); not even one image at a time fits, but student.resolution: \(8 * side) does"
    }
    return "\(start); not even one image at a time fits, with a student of "
      + "\(NumberText.grouped(parameters)) parameters and \(Self.text(Self.libraries)) of libraries"
  }

  /// The largest number with a property that smaller ones have, too; `nil` where not even 1 has it.
  static func largest(upTo most: Int, _ holds: (Int) -> Bool) -> Int? {
    guard most > 0, holds(1) else { return nil }
    var (low, high) = (1, most + 1)
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if holds(middle) { low = middle } else { high = middle }
    }
    return low
  }

  /// Bytes as people read them.
  static func text(_ bytes: Int) -> String {
    bytes >= 10_000_000_000
      ? NumberText.fixed(Double(bytes) / 1e9, 1) + " GB"
      : NumberText.grouped(Int((Double(bytes) / 1e6).rounded())) + " MB"
  }
}
