import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchTorch
import FunMatchViews
import Logging

/// What fixed teachers say of the training images: from the disk where it was computed before.
///
/// A run keeps it under `FUNMATCH_CACHE`, else `funmatch` in the user's folder for caches.
struct RunTargets {
  let recipe: Recipe
  let images: RunImages
  let teachers: RunTeachers
  let device: Device
  /// Where they are kept.
  let folder: String

  static var userFolder: String {
    let environment = ProcessInfo.processInfo.environment
    if let named = environment["FUNMATCH_CACHE"], !named.isEmpty { return named }
    if let caches = environment["XDG_CACHE_HOME"], !caches.isEmpty { return caches + "/funmatch" }
    return NSHomeDirectory() + "/.cache/funmatch"
  }

  /// Most views that a teacher is given at a time. Not the recipe's, since it shows in the last bits.
  private static let batchSize = 64

  /// The targets of each teacher; `nil` when the user wants to stop.
  func callAsFunction(
    _ dataset: any Dataset, _ log: Logger, shouldStop: () -> Bool
  ) throws -> [FixedTargets]? {
    let fingerprint = try images.fingerprint()
    var all: [FixedTargets] = []
    for (index, teacher) in teachers.asked.enumerated() {
      let targets = try FixedTargets(
        folder: folder, origin: try origin(index, fingerprint),
        images: dataset.count, classes: teacher.classes)
      if targets.isComplete {
        log.info("what teacher \(index) says of each image is known from before: \(targets.path)")
      } else {
        guard try compute(targets, teacher, dataset, log, shouldStop) else { return nil }
      }
      let missing = targets.missing
      if let example = missing.min() {
        let words =
          "\(missing.count) images could not be decoded when the teacher was asked, such as "
          + "\(dataset.name(at: example)); remove \(targets.path) to ask again"
        guard recipe.onBrokenImage == .skip else { throw ExperimentError(words) }
        log.warning("\(words); they are left out")
      }
      all.append(targets)
    }
    return all
  }

  private func compute(
    _ targets: FixedTargets, _ teacher: Teacher, _ dataset: any Dataset, _ log: Logger,
    _ shouldStop: () -> Bool
  ) throws -> Bool {
    let policy = recipe.views
    let views = policy.teacher.fixedViews
    let each = "\(views) \(views == 1 ? "view" : "views") of each of \(dataset.count) images"
    log.info("asking a teacher about \(each), once and for all: \(targets.path)")
    let begin = ContinuousClock.now
    let first = targets.done
    var last = begin
    var isTold = false
    try targets.compute(
      teacher, device: device, batchSize: Self.batchSize,
      views: { start in
        FixedViewSource(
          dataset, policy: policy, from: start, batchSize: max(1, Self.batchSize / views),
          student: recipe.student.resolution, teachers: [teacher.resolution], seed: recipe.seed,
          options: images.loading)
      },
      isWaited: {
        if !isTold { log.info("another process computes the same; waiting for it") }
        isTold = true
        return !shouldStop()
      },
      progress: { done in
        if last.duration(to: .now) > .seconds(5) {
          last = .now
          let seconds = begin.duration(to: last).seconds
          let left = seconds / Double(max(1, done - first)) * Double(dataset.count - done)
          let (part, all) = (Comparison.grouped(done), Comparison.grouped(dataset.count))
          log.info("asked about \(part) of \(all) images, \(ProgressLine.time(left)) left")
        }
        return !shouldStop()
      })
    return targets.isComplete
  }

  /// Everything that the logits depend on, in words.
  private func origin(_ index: Int, _ fingerprint: String) throws -> [String] {
    let teacher = recipe.teachers[index]
    let views: String
    switch recipe.views.teacher {
    case .fixed(let crop): views = "view \(try JSONLine.text(crop))"
    case .ensemble(let count):
      views =
        "\(count) views \(try JSONLine.text(recipe.views.crop)), flip \(recipe.views.flip), "
        + "seed \(recipe.seed)"
    case .shared, .independent: preconditionFailure("these teachers are asked in every step")
    }
    return [
      "funmatch targets 2", fingerprint, "weights \(teachers.checksums[index])",
    ] + teachers.loaded[index].identity + [
      "resolution \(teacher.resolution) for \(recipe.student.resolution)", views,
      "precision \(recipe.precision.rawValue) on \(device)",
      "decoding \(try JSONLine.text(recipe.decoding))",
    ]
  }
}
