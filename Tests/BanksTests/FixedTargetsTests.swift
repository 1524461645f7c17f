import Foundation
import FunMatchBanks
import FunMatchDistillation
import FunMatchFiles
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchTestSupport
import FunMatchTorch
import FunMatchViews
import Testing

/// A model that counts what it is shown.
private final class Counter: Classifier {
  let classes = 3
  let parameterCount: Int? = 9
  let weight: Tensor
  var images = 0

  init() { weight = Torch.withSeed(1) { Tensor.randn([3, 3]) } }

  func callAsFunction(_ images: Tensor, _ mode: Mode) -> Tensor {
    self.images += images.shape[0]
    return images.mean([2, 3]).linear(weight) * 3
  }

  func multiplyAccumulates(height: Int, width: Int) -> Int? { 9 }
  func freeze(on device: Device, _ precision: DType) {}
}

/// Teachers with fixed views compute their logits of each image once and never again.
struct FixedTargetsTests {
  private let images = PictureList(
    (0..<10).map { photograph(height: 30 + $0, width: 40, seed: $0) })
  private let folder: TemporaryFolder
  private let counter = Counter()

  init() throws { folder = try TemporaryFolder() }

  private var teacher: Teacher {
    Teacher(counter, resolution: 24, precision: .f32, device: .cpu)
  }

  private func targets(_ origin: String = "a") throws -> FixedTargets {
    try FixedTargets(
      folder: folder.path, identity: BankIdentity(lines: ["what: \(origin)"]), images: 10,
      classes: 3)
  }

  private func views(_ policy: ViewPolicy, from start: Int) -> FixedViewSource {
    FixedViewSource(
      images, policy: policy, from: start, batchSize: 3, student: 16, teachers: [24], seed: 1,
      options: LoaderOptions(workers: 2))
  }

  private func compute(
    _ targets: FixedTargets, _ policy: ViewPolicy, _ progress: (Int) -> Bool = { _ in true }
  ) throws {
    try targets.compute(
      teacher, device: .cpu, batchSize: 4, views: { views(policy, from: $0) }, progress: progress)
  }

  @Test(arguments: ["fix/rs", "fix/cc", "fix/ic_ens"])
  func everyImageIsShownOnce(_ name: String) throws {
    var policy = try #require(ViewPolicy.paper.first { $0.name == name })
    if case .ensemble = policy.teacher { policy.teacher = .ensemble(7) }
    let targets = try targets()
    try compute(targets, policy)
    #expect(targets.isComplete)
    #expect(counter.images == 10 * policy.teacher.fixedViews)
    // Training and later runs compute nothing.
    let fixed = FixedTeacherLogits([targets], device: .cpu)
    let source = try BatchSource(
      images, policy: policy, batchSize: 4, student: 16, teachers: [24], seed: 1)
    for step in 0..<5 {
      let batch = Batch(try source.batch(step), lambda: 1, device: .cpu)
      #expect(try fixed.logits(batch, step: step)[0].shape == [4, 3])
    }
    let later = try self.targets()
    #expect(later.isComplete)
    try compute(later, policy)
    #expect(counter.images == 10 * policy.teacher.fixedViews)
    let all = Array(0..<10)
    #expect(try maximumDifference(later.logits(all), targets.logits(all)) == 0)
    #expect(try !self.targets("other").isComplete)
  }

  /// A bit of what was done before the work was cut short.
  @Test func interruptedTargetsAreVerified() throws {
    try compute(targets(), .fixedCenter) { _ in false }
    let half = try targets()
    #expect(half.done == 3 && !half.isComplete)
    let name = (half.path as NSString).lastPathComponent
    let bytes = try folder.bytes(name)
    var damaged = bytes
    damaged[5] ^= 4
    _ = try folder.write(name, damaged)
    let words = message { _ = try targets() } ?? ""
    #expect(words.contains(name) && words.contains("damaged"), "\(words)")
    _ = try folder.write(name, bytes)
    let rest = try targets()
    try compute(rest, .fixedCenter)
    #expect(rest.isComplete && counter.images == 10)
  }

  @Test func theTargetIsTheTeachersLogitsOfThatView() throws {
    let targets = try targets()
    try compute(targets, .fixedCenter)
    for index in [0, 4, 9] {
      let image = try images.image(at: index)
      let view = ViewPolicy.fixedCenter.fixedView(
        height: image.height, width: image.width, size: 16, seed: 1, index: index, number: 0)
      let pixels = Pixels(view.picture(of: image, size: 24).pixels, count: 1, size: 24)
      let expected = teacher(Batch.scaled(pixels, device: .cpu))
      #expect(try maximumDifference(targets.logits([index]), expected) < 1e-6)
    }
  }

  @Test func anEnsembleIsTheMeanOfProbabilities() throws {
    var policy = ViewPolicy.fixedEnsemble
    policy.teacher = .ensemble(6)
    let targets = try targets()
    try compute(targets, policy)
    let image = try images.image(at: 2)
    var mean = [0.0, 0.0, 0.0]
    for number in 0..<6 {
      let view = policy.fixedView(
        height: image.height, width: image.width, size: 16, seed: 1, index: 2, number: number)
      let pixels = Pixels(view.picture(of: image, size: 24).pixels, count: 1, size: 24)
      let said = teacher(Batch.scaled(pixels, device: .cpu)).softmax().array(as: Double.self)
      for (place, value) in said.enumerated() { mean[place] += value / 6 }
    }
    let kept = try targets.logits([2]).softmax().array(as: Double.self)
    for (a, b) in zip(kept, mean) { #expect(abs(a - b) < 1e-6) }
  }

  @Test func mixedImagesGetMixedProbabilities() throws {
    let targets = try targets()
    try compute(targets, .fixedResize)
    let pixels = Pixels([UInt8](repeating: 9, count: 2 * 16 * 16 * 3), count: 2, size: 16)
    let views = ImageBatch(student: [16: pixels], indices: [3, 8], labels: [nil, nil])
    let fixed = FixedTeacherLogits([targets], device: .cpu)
    let mixed = try fixed.logits(Batch(views, lambda: 0.75, device: .cpu), step: 0)[0]
      .softmax().array(as: Double.self)
    let plain = try targets.logits([3, 8]).softmax().array(as: Double.self)
    for place in 0..<3 {
      #expect(abs(mixed[place] - (0.75 * plain[place] + 0.25 * plain[3 + place])) < 1e-6)
      #expect(abs(mixed[3 + place] - (0.75 * plain[3 + place] + 0.25 * plain[place])) < 1e-6)
    }
  }

  @Test func workThatWasCutShortGoesOn() throws {
    let whole = try targets("whole")
    try compute(whole, .fixedCenter)
    let first = try targets("cut")
    try compute(first, .fixedCenter) { $0 < 6 }
    #expect(first.done == 6 && !first.isComplete)
    let before = counter.images
    let second = try targets("cut")
    #expect(second.done == 6)
    try compute(second, .fixedCenter)
    #expect(counter.images == before + 4)
    let all = Array(0..<10)
    #expect(try maximumDifference(second.logits(all), whole.logits(all)) == 0)
  }

  @Test func brokenImagesHaveNoTarget() throws {
    let images = PictureList(
      (0..<10).map { photograph(height: 30 + $0, width: 40, seed: $0) }, broken: [2, 7])
    let targets = try targets()
    let options = LoaderOptions(workers: 2, broken: BrokenImages(.skip))
    try targets.compute(
      teacher, device: .cpu, batchSize: 4,
      views: {
        FixedViewSource(
          images, policy: .fixedCenter, from: $0, batchSize: 3, student: 16, teachers: [24],
          seed: 1, options: options)
      }, progress: { _ in true })
    #expect(targets.missing == [2, 7])
    #expect(try self.targets().missing == [2, 7])
    // Nobody is shown what there is no target of, even where a student's crop could be decoded.
    let source = try BatchSource(
      self.images, policy: .fixedCenter, batchSize: 10, student: 16, seed: 1,
      excluding: targets.missing)
    let shown = try source.batch(0).indices
    #expect(Set(shown) == [0, 1, 3, 4, 5, 6, 8, 9])
    let values = try targets.logits(shown).array(as: Float.self)
    #expect(values.allSatisfy { $0.isFinite })
  }

  @Test func logitsThatAreGoneAreComputedAgain() throws {
    let whole = try targets("whole")
    try compute(whole, .fixedCenter)
    for damage in ["removed", "shortened"] {
      let first = try targets(damage)
      try compute(first, .fixedCenter) { $0 < 6 }
      if damage == "removed" {
        try FileManager.default.removeItem(atPath: first.path)
      } else {
        truncate(first.path, 20)
      }
      let second = try targets(damage)
      #expect(second.done == 0)
      try compute(second, .fixedCenter)
      let all = Array(0..<10)
      #expect(try maximumDifference(second.logits(all), whole.logits(all)) == 0)
    }
  }

  @Test func damagedDescriptionsAreNotBelieved() throws {
    let targets = try targets()
    try compute(targets, .fixedCenter) { $0 < 6 }
    let sidecar = String(targets.path.dropLast(3)) + "json"
    let text = try String(contentsOfFile: sidecar, encoding: .utf8)
    for done in ["-64", "100000"] {
      let wrong = text.replacingOccurrences(of: "\"done\" : 6", with: "\"done\" : \(done)")
      #expect(wrong != text)
      try Data(wrong.utf8).write(to: URL(fileURLWithPath: sidecar))
      #expect(try self.targets().done == 0)
    }
  }

  @Test func aTeacherThatIsNotFiniteIsNotKept() throws {
    counter.weight.copy(from: .full([3, 3], .nan))
    let targets = try targets()
    let error = #expect(throws: FileError.self) { try compute(targets, .fixedCenter) }
    #expect(error?.description.contains("image 0 are not finite") == true)
    #expect(try self.targets().done == 0)
  }

  @Test func whoComesSecondWaitsAndComputesNothing() throws {
    let first = try targets()
    let second = try targets()
    var waits = 0
    try first.compute(
      teacher, device: .cpu, batchSize: 4, views: { views(.fixedCenter, from: $0) },
      progress: { done in
        // In the middle of the work, another one finds it locked and gives up when told to.
        try? second.compute(
          teacher, device: .cpu, batchSize: 4, views: { views(.fixedCenter, from: $0) },
          isWaited: {
            waits += 1
            return false
          }, progress: { _ in true })
        return true
      })
    #expect(waits > 0 && !second.isComplete)
    let before = counter.images
    try compute(second, .fixedCenter)
    #expect(second.isComplete && counter.images == before)
  }

  @Test func damagedTargetsAreRefused() throws {
    let targets = try targets()
    try compute(targets, .fixedCenter)
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: targets.path)))
    bytes[17] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: targets.path))
    let error = #expect(throws: FileError.self) { try self.targets() }
    #expect(error?.description.contains("SHA-256") == true)
    try Data(bytes.dropLast(4)).write(to: URL(fileURLWithPath: targets.path))
    #expect(throws: FileError.self) { try self.targets() }
  }
}
