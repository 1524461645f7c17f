import FunMatchDatasets
import FunMatchDistillation
import FunMatchFiles
import FunMatchRecipes
import FunMatchTorch
import FunMatchViews
import Logging

/// The logits of teachers whose views are fixed: from the disk where they were computed before.
public struct FixedTargetsPlan {
  private let recipe: SharedRecipe
  private let teachers: [Teacher]
  private let device: Device
  private let folder: String
  private let group: ProcessGroup?

  /// - Parameters:
  ///   - folder: where targets are kept, under `FUNMATCH_CACHE` or the user's folder for caches without it.
  ///   - group: processes that compute them together.
  public init(
    _ recipe: SharedRecipe, _ teachers: [Teacher], device: Device, folder: String? = nil,
    group: ProcessGroup? = nil
  ) {
    self.group = group
    (self.recipe, self.teachers, self.device) = (recipe, teachers, device)
    self.folder = (folder ?? CacheFolder.user) + "/targets"
  }

  /// Most views that a teacher is given at a time. Not the recipe's, since it shows in the last bits.
  private static let batchSize = 64

  /// The targets of each teacher; `nil` when the user wants to stop.
  ///
  /// - Parameters:
  ///   - fingerprint: what tells the images from others.
  ///   - loading: how they are read.
  public func targets(
    _ dataset: any Dataset, fingerprint: [String], _ loading: LoaderOptions, _ log: Logger,
    shouldStop: () -> Bool
  ) throws -> [FixedTargets]? {
    var all: [FixedTargets] = []
    for (index, teacher) in teachers.enumerated() {
      let identity = try BankIdentity.targets(
        of: index, recipe, images: fingerprint, teachers: teachers, device: device)
      let targets = try FixedTargets(
        folder: folder, identity: identity, images: dataset.count, classes: teacher.classes)
      if let note = targets.note {
        log.log(level: targets.noteIsWarning ? .warning : .info, "targets: \(note)")
      }
      if targets.isComplete {
        log.info("teacher \(index)'s logits of each image are known from before: \(targets.path)")
      }
      // What several processes do is settled by what the first one finds.
      if group != nil || !targets.isComplete {
        guard try compute(targets, teacher, dataset, loading, log, shouldStop) else { return nil }
      }
      let missing = targets.missing
      if let example = missing.min() {
        let words =
          "\(missing.count) images could not be decoded when the teacher was shown them, such as "
          + "\(dataset.name(at: example)); remove \(targets.path) to try again"
        guard recipe.onBrokenImage == .skip else { throw RecipeError(words) }
        log.warning("\(words); they are left out")
      }
      all.append(targets)
    }
    return all
  }

  private func compute(
    _ targets: FixedTargets, _ teacher: Teacher, _ dataset: any Dataset,
    _ loading: LoaderOptions, _ log: Logger, _ shouldStop: () -> Bool
  ) throws -> Bool {
    let policy = recipe.views
    let views = policy.teacher.fixedViews
    let each = "\(views) \(views == 1 ? "view" : "views") of each of \(dataset.count) images"
    if !targets.isComplete {
      log.info("a teacher computes its logits of \(each), once and for all: \(targets.path)")
    }
    let begin = ContinuousClock.now
    let first = targets.done
    var last = begin
    var isTold = false
    try targets.compute(
      teacher, device: device, batchSize: Self.batchSize, group: group,
      views: { start in
        FixedViewSource(
          dataset, policy: policy, from: start, batchSize: max(1, Self.batchSize / views),
          student: recipe.resolution, teachers: [teacher.resolution], seed: recipe.seed,
          options: loading, share: (group?.rank ?? 0, group?.size ?? 1))
      },
      isWaited: {
        if !isTold { log.info("another process computes the same; waiting for it") }
        isTold = true
        // The others learn of it from what the first returns: nothing else is said meanwhile.
        return !shouldStop() && (group?.wish ?? ProcessGroup.Wish.none) == ProcessGroup.Wish.none
      },
      progress: { done in
        if last.duration(to: .now) > .seconds(5) {
          last = .now
          let seconds = begin.duration(to: last).seconds
          let left = seconds / Double(max(1, done - first)) * Double(dataset.count - done)
          let (part, all) = (NumberText.grouped(done), NumberText.grouped(dataset.count))
          log.info("\(part) of \(all) images are done, \(NumberText.duration(left)) left")
        }
        return !shouldStop()
      })
    return targets.isComplete
  }
}
