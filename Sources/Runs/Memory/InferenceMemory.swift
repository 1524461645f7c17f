import FunMatchFiles
import FunMatchFrozen
import FunMatchModels
import FunMatchRecipes
import FunMatchSettings
import FunMatchTorch

/// What networks that only classify take of memory, from their shapes: no weight is read for it. They take turns, and what
/// one gave up serves the next.
package struct InferenceMemory {
  /// Images beyond it are refused where they are prepared.
  private static let largestSide = 1 << 16
  private let networks: [TeacherMemory]
  private let parameters: Int
  private let device: Device

  /// Networks of files that this tool wrote.
  ///
  /// - Parameters:
  ///   - side: of the images in pixels, where the files do not tell it.
  ///   - precision: what they compute in.
  /// - Returns: `nil` where a file does not tell its network or the size of its images, or that is not one that it can see.
  /// - Throws: `FileError` when a file cannot be read or is damaged.
  package init?(
    _ paths: [String], side: Int? = nil, engine: Engine, precision: DType, device: Device,
    registry: Registry
  ) throws {
    let isCompiled =
      engine != .libtorch && device == .cpu && Engine.openVINOComputes(in: precision)
    var (networks, parameters): ([TeacherMemory], Int) = ([], 0)
    for path in paths {
      guard let card = try ModelFile.card(in: path, registry: registry),
        let side = side ?? card.preprocessing?.crop, (1...Self.largestSide).contains(side),
        card.spec.network.fixedResolution ?? side == side, let model = try? card.spec.shape()
      else { return nil }
      parameters += model.store.valueCount
      networks.append(
        TeacherMemory(model, side: side, precision: precision, isCompiled: isCompiled))
    }
    (self.networks, self.parameters, self.device) = (networks, parameters, device)
  }

  /// Makes sure that there is memory for so many images at a time.
  ///
  /// - Parameter room: what there is; as the system tells without it, where it does.
  /// - Throws: `RecipeError` with the largest number that fits.
  package func check(batchSize: Int, _ room: MemoryEstimate.Room? = nil) throws {
    guard let room = room ?? MemoryEstimate.Room(device) else { return }
    let fitting = try most(upTo: batchSize, room)
    guard fitting < batchSize else { return }
    throw RecipeError(
      "\(shortage(batchSize, room)); --batch-size \(fitting) fits")
  }

  /// How many images it may be shown at a time: as many as wanted unless these would take more than 1.3 times what is free, else
  /// as many as fit.
  ///
  /// - Parameter room: what there is; as the system tells without it, where it does.
  /// - Throws: `RecipeError` when not even one fits.
  package func most(upTo wanted: Int, _ room: MemoryEstimate.Room? = nil) throws -> Int {
    guard let room = room ?? MemoryEstimate.Room(device) else { return wanted }
    func excess(_ images: Int) -> Double {
      let (needed, free) = tightest(images, room)
      return MemoryEstimate.ratio(needed, free)
    }
    if excess(wanted) <= MemoryEstimate.tolerance { return wanted }
    if let images = MemoryEstimate.largest(upTo: wanted, { excess($0) <= 1 }) { return images }
    guard excess(1) > MemoryEstimate.tolerance else { return 1 }
    throw RecipeError(
      "\(shortage(1, room)); the network itself does not fit, with \(NumberText.grouped(parameters)) parameters and "
        + "\(MemoryEstimate.text(MemoryEstimate.libraries)) of libraries")
  }

  private func shortage(_ images: Int, _ room: MemoryEstimate.Room) -> String {
    let (needed, free) = tightest(images, room)
    let count = images == 1 ? "one image" : "\(NumberText.grouped(images)) images"
    return
      "\(count) at a time would take about \(MemoryEstimate.text(needed)) of memory, and "
      + "\(MemoryEstimate.text(free)) are free"
  }

  /// What is needed and what is free of the process's memory or its device's, whichever is tighter.
  private func tightest(
    _ images: Int, _ room: MemoryEstimate.Room
  ) -> (needed: Int, free: Int) {
    let pass = networks.map { $0.passBytes(images: images) }.max() ?? 0
    let own = networks.reduce(Int(Double(pass) * MemoryEstimate.gaps)) {
      $0 + $1.weightBytes + $1.ownBytes(images: images)
    }
    let image = Set(networks.map(\.resolution)).reduce(0) { $0 + 3 * $1 * $1 }
    let host =
      MemoryEstimate.libraries + MemoryEstimate.viewBytes(each: images * image, batches: .max)
    guard device != .cpu else { return (host + own, room.free) }
    guard let free = room.device,
      MemoryEstimate.ratio(own, free) > MemoryEstimate.ratio(host, room.free)
    else { return (host, room.free) }
    return (own, free)
  }
}
