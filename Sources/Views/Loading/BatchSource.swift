import Foundation
import FunMatchDatasets
import FunMatchImages

/// Draws the batches of a run, on threads of its own and ahead of the training loop. Any batch can be
/// drawn at any time: it depends on the step alone. With a period, views repeat after so many steps. Any thread may ask.
///
/// Source of the order: big_vision `input_pipeline.py`, which shuffles every epoch, repeats, and only
/// then cuts batches, so that these cross the borders between epochs.
public final class BatchSource: @unchecked Sendable {
  /// Images a step.
  public let batchSize: Int
  /// Number of different images.
  public let imageCount: Int
  private let prefetcher: Prefetcher<ViewWork>
  /// Guards what follows and the order in which batches are taken.
  private let lock = NSLock()
  private var latest: (step: Int, batch: ImageBatch)?

  /// Batches of `dataset` as `policy` shows it.
  ///
  /// - Parameters:
  ///   - student: the student's input size in pixels.
  ///   - teachers: those of the teachers.
  ///   - drawsTeachers: whether the teachers' views are drawn; without it what they would see is decoded all the
  ///     same, so that an image that is broken there is broken too for a run that reads their logits from a bank.
  ///   - steps: how many batches there are; none is drawn ahead after the last one.
  ///   - period: steps after which views repeat: the same images, crops and flips; `nil`: they never do.
  ///   - mixture: the shares of the data sets that `dataset` is made of, if it is made of several.
  ///   - excluded: images in whose place the next one is shown.
  ///   - rows: which rows of every batch are drawn, ascending; all without it.
  /// - Throws: `ViewError` when the policy does not fit, or the data set is empty.
  public init(
    _ dataset: any Dataset, policy: ViewPolicy, batchSize: Int, student: Int, teachers: [Int] = [],
    drawsTeachers: Bool = true, seed: UInt64, steps: Int = .max, period: Int? = nil,
    mixture: Mixture? = nil, excluding excluded: Set<Int> = [], rows: [Int]? = nil,
    options: LoaderOptions = LoaderOptions()
  ) throws {
    guard student > 0, teachers.allSatisfy({ $0 > 0 }) else {
      throw ViewError("resolutions must be positive numbers of pixels")
    }
    guard batchSize > 0 else { throw ViewError("batchSize: \(batchSize) must be positive") }
    guard period ?? 1 > 0 else { throw ViewError("views cannot repeat after no step") }
    guard dataset.count > 0 else { throw ViewError("the training data have no images") }
    try policy.validate(size: student)
    self.batchSize = batchSize
    imageCount = dataset.count
    let shared = policy.teacher == .shared ? teachers : []
    let plan = BatchPlan(
      dataset: dataset, policy: policy, seed: seed, size: student,
      student: Set([student] + shared).sorted(),
      teacher: policy.teacher == .independent ? Set(teachers).sorted() : [],
      drawn: Set([student] + (drawsTeachers ? teachers : [])), drawsTeachers: drawsTeachers,
      excluded: excluded, broken: options.broken, rows: rows ?? Array(0..<batchSize),
      batchSize: batchSize)
    var order = MixedOrder(
      count: dataset.count, seed: seed, shards: dataset.shards, mixture: mixture)
    var announced: [Int: Int] = [:]
    prefetcher = Prefetcher(
      threads: options.workers, decoder: options.decoder
    ) { step in
      guard step < steps else { return nil }
      func first(_ step: Int) -> Int { (period.map { step % $0 } ?? step) * batchSize }
      // Whoever draws some rows reads no other images.
      if rows == nil, let next = order.neighbours(first(step + 1)),
        next.stretch != announced[next.part]
      {
        announced[next.part] = next.stretch
        for images in next.images { dataset.willRead(images) }
      }
      return try ViewWork(plan, plan.rows.map { order.visit(first(step) + $0) })
    }
  }

  /// Views of the images of step `step`, 0 being the first.
  ///
  /// - Throws: the data set's error when an image cannot be read.
  public func batch(_ step: Int) throws -> ImageBatch {
    try lock.withLock {
      if let latest, latest.step == step { return latest.batch }
      latest = nil
      let batch = try prefetcher.take(step).batch
      latest = (step, batch)
      return batch
    }
  }
}

/// What is the same for all batches of a run.
private struct BatchPlan: Sendable {
  let dataset: any Dataset
  let policy: ViewPolicy
  let seed: UInt64
  /// The input size that crops are cut for.
  let size: Int
  /// Sizes at which the student's view is drawn, and those of the teachers' own.
  let student: [Int]
  let teacher: [Int]
  /// Those of them that are drawn.
  let drawn: Set<Int>
  let drawsTeachers: Bool
  let excluded: Set<Int>
  let broken: BrokenImages
  /// Rows of every batch that are drawn.
  let rows: [Int]
  let batchSize: Int
}

/// A batch that is being drawn.
private final class ViewWork: Work, @unchecked Sendable {
  private let plan: BatchPlan
  private let visits: [SampleOrder.Visit]
  private let student: [Int: Pixels]
  private let teacher: [Int: Pixels]
  /// Which image was drawn for each visit; every part writes its own.
  private let shown: UnsafeMutableBufferPointer<Int>

  init(_ plan: BatchPlan, _ visits: [SampleOrder.Visit]) throws {
    self.plan = plan
    self.visits = visits
    func memory(_ sizes: [Int]) throws -> [Int: Pixels] {
      try Dictionary(
        uniqueKeysWithValues: sizes.map { ($0, try Pixels(count: visits.count, size: $0)) })
    }
    student = try memory(plan.student.filter(plan.drawn.contains))
    teacher = try memory(plan.drawsTeachers ? plan.teacher : [])
    shown = .allocate(capacity: visits.count)
    shown.initialize(repeating: 0)
  }

  deinit { shown.deallocate() }

  var count: Int { visits.count }
  var byteCount: Int { (Array(student.values) + teacher.values).reduce(0) { $0 + $1.bytes.count } }

  func run(_ part: Int, with reader: ImageReader) throws {
    let visit = visits[part]
    shown[part] = try plan.broken.read(
      plan.dataset, visit.index, excluding: plan.excluded, with: reader
    ) { image in
      let policy = plan.policy
      let bounds = Box(y: 0, x: 0, height: image.height, width: image.width)
      let view = policy.view(
        height: image.height, width: image.width, size: plan.size, seed: plan.seed,
        epoch: visit.epoch, index: visit.index)
      let own = policy.teacherView(
        height: image.height, width: image.width, size: plan.size, seed: plan.seed,
        epoch: visit.epoch, index: visit.index)
      var reach = view.reach(in: bounds, size: plan.size)
      for size in plan.student { reach = reach.union(view.reach(in: bounds, size: size)) }
      if let own {
        for size in plan.teacher { reach = reach.union(own.reach(in: bounds, size: size)) }
      }
      // Entropy decoding is most of the work and is the same for one box or two.
      let pixels = try image.part(reach)
      for (size, target) in student { view.render(pixels, size: size, into: target.slot(part)) }
      if let own {
        for (size, target) in teacher { own.render(pixels, size: size, into: target.slot(part)) }
      }
    }
  }

  var batch: ImageBatch {
    ImageBatch(
      student: student, teacher: teacher, indices: Array(shown),
      labels: shown.map { plan.dataset.label(at: $0) }, rows: plan.rows,
      stepCount: plan.batchSize)
  }
}
