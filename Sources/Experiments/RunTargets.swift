import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchTorch
import FunMatchViews
import Logging

/// What fixed teachers say of the training images: from the disk where it was computed before.
///
/// It is kept under `FUNMATCH_CACHE`, else `funmatch` in the user's folder for caches.
struct RunTargets {
  let recipe: Recipe
  let images: RunImages
  let networks: RunNetworks
  let device: Device

  static var folder: String {
    let environment = ProcessInfo.processInfo.environment
    if let named = environment["FUNMATCH_CACHE"], !named.isEmpty { return named }
    if let caches = environment["XDG_CACHE_HOME"], !caches.isEmpty { return caches + "/funmatch" }
    return NSHomeDirectory() + "/.cache/funmatch"
  }

  /// Most views that a teacher is given at a time. Not the recipe's, since it shows in the last bits.
  private static let batchSize = 64

  /// The targets of each teacher; `nil` when the user wants to stop.
  func callAsFunction(
    _ teachers: [Teacher], _ dataset: any Dataset, _ log: Logger, shouldStop: () -> Bool
  ) throws -> [FixedTargets]? {
    let fingerprint = images.fingerprint
    var all: [FixedTargets] = []
    for (index, teacher) in teachers.enumerated() {
      let targets = try FixedTargets(
        folder: Self.folder + "/targets", origin: try origin(index, fingerprint),
        images: dataset.count, classes: teacher.classes)
      if targets.isComplete {
        log.info("what teacher \(index) says of each image is known from before: \(targets.path)")
      } else {
        guard try compute(targets, teacher, dataset, log, shouldStop) else { return nil }
      }
      let missing = targets.missing
      guard missing.isEmpty || recipe.onBrokenImage == .skip else {
        throw ExperimentError(
          "\(missing.count) images were broken when the teacher was asked, such as "
            + "\(dataset.name(at: missing.min() ?? 0)); onBrokenImage: skip leaves them out")
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
    var last = ContinuousClock.now
    try targets.compute(
      teacher, device: device, batchSize: Self.batchSize,
      views: { start in
        FixedViewSource(
          dataset, policy: policy, from: start, batchSize: max(1, Self.batchSize / views),
          student: recipe.student.resolution, teachers: [teacher.resolution], seed: recipe.seed,
          options: images.loading)
      },
      progress: { done in
        if last.duration(to: .now) > .seconds(30) {
          last = .now
          log.info("asked about \(done) of \(dataset.count) images")
        }
        return !shouldStop()
      })
    return targets.isComplete
  }

  /// Everything that the logits depend on, in words.
  private func origin(_ index: Int, _ fingerprint: String) throws -> [String] {
    let teacher = recipe.teachers[index]
    return [
      "funmatch targets 1", fingerprint, "weights \(networks.teacherChecksums[index])",
      "model \(try JSONLine.text(networks.teachers[index].spec))",
      "resolution \(teacher.resolution) for \(recipe.student.resolution)",
      "views \(try JSONLine.text(recipe.views))", "seed \(recipe.seed)",
      "precision \(recipe.precision.rawValue)", "decoding \(try JSONLine.text(recipe.decoding))",
    ]
  }
}
