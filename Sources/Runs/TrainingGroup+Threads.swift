import FunMatchDistillation
import FunMatchFrozen
import FunMatchModels
import FunMatchRecipes
import FunMatchTorch

/// How students and teachers share the cores.
extension TrainingGroup {
  /// Settles how students and teachers share the cores: as the user says, as the run began, or as is fastest at this hour
  /// for a student like this one.
  ///
  /// - Returns: what was measured.
  /// - Throws: what loading the teachers again throws.
  func settleThreads(_ spec: ModelSpec, _ precision: Precision) throws -> String? {
    guard threads == nil else { return nil }
    var (plan, words) = (ThreadPlan(student: Torch.threads), String?.none)
    if let group = options.group, !group.isFirst {
      plan = try group.shared { plan }
      try adopt(plan)
    } else if let count = options.threads {
      plan = ThreadPlan(student: count)
    } else if let begun = options.threadPlan ?? options.chosen.map({ $0.threads ?? plan }) {
      plan = begun
      try adopt(plan)
    } else if device == .cpu, options.dryRunSteps == nil, Torch.threads > 1 {
      let timer = try ThreadTimer(
        spec, resolution: recipe.resolution, precision: precision.dtype ?? .f32,
        count: imagesAtOnce, teachers: isLive ? teachers.map(\.resolution) : [],
        limit: ThreadTimer.limit * options.measuringShare)
      let found = try timer.plan(isLive ? teachers : [], isEven: !hasOwnThreads) { threads in
        canBeAhead ? try teachers(on: threads) : nil
      }
      (plan, words) = (found.plan, found.words)
      if isLive { copies = found.teachers }
    }
    if options.group?.isFirst == true { plan = try options.shared { plan } }
    threads = plan
    Torch.threads = plan.student
    return words
  }

  private func adopt(_ plan: ThreadPlan) throws {
    if isLive, plan.teachers != Torch.threads { copies = try teachers(on: plan.teachers) }
  }

  /// Whether teachers compute in every step.
  var isLive: Bool { recipe.bank == nil && !recipe.views.teacher.isFixed }

  /// The parts of a batch are not kept for teachers that are ahead, and many students keep the cores busy.
  var canBeAhead: Bool {
    isLive && !options.isStudy && recipe.microBatchSize == nil
  }

  /// libtorch has one number of threads for the whole process.
  private var hasOwnThreads: Bool { loaded.engines.allSatisfy { $0.engine == .openvino } }

  /// The teachers, those that are compiled for so many threads.
  private func teachers(on threads: Int) throws -> [Teacher] {
    let isCompiled = loaded.engines.contains { $0.engine == .openvino }
    return isCompiled ? try teachers(loaded.engines, on: threads) : teachers
  }
}
