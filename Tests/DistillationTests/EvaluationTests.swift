import FunMatchDatasets
import FunMatchDistillation
import FunMatchImages
import FunMatchModels
import FunMatchNN
import FunMatchTestSupport
import FunMatchTorch
import FunMatchViews
import Synchronization
import Testing

/// Images of one gray level each, some of them without a label.
private let grayLevels = PictureList(
  (0..<10).map { index in
    PixelImage(height: 8, width: 8, pixels: [UInt8](repeating: UInt8(25 * index), count: 192))
  }, classNames: ["dark", "light"]
) { $0 < 8 ? ($0 < 6 ? 0 : 1) : nil }

/// Chooses "light" above a brightness.
private final class Threshold: Classifier {
  let classes = 2
  let parameterCount: Int? = nil
  let threshold: Double
  var calls = 0
  init(_ threshold: Double) { self.threshold = threshold }
  func callAsFunction(_ images: Tensor, _ mode: Mode) -> Tensor {
    calls += 1
    let brightness = images.mean([1, 2, 3]).reshaped([-1, 1]) - threshold
    return Tensor.concatenated([-brightness, brightness], 1)
  }
  func multiplyAccumulates(height: Int, width: Int) -> Int? { nil }
  func freeze(on device: Device, _ precision: DType) {}
}

struct EvaluationTests {
  @Test(arguments: [1, 3, 10, 64])
  func sharesAreCounted(batchSize: Int) throws {
    let preprocessing = EvaluationPreprocessing(resize: 8, crop: 8)
    // Levels 0, 25, ..., 225 are -1 ... 0.76; these thresholds lie between 125 and 150, and 175 and
    // 200.
    let student = EvaluatedModel(Threshold(0.1), preprocessing, precision: .f32)
    let judge = Threshold(0.5)
    let teacher = EvaluatedModel(judge, preprocessing, precision: .f32)
    let evaluator = Evaluator(
      grayLevels, teachers: [teacher], batchSize: batchSize, device: .cpu)
    let first = try evaluator(student)
    let calls = judge.calls
    let result = try evaluator(student)
    #expect(judge.calls == calls, "the teacher computes once")
    #expect(first.values == result.values)
    #expect(result.images == 10)
    #expect(result[.top1] == 1)
    #expect(result.teacher(.top1) == 0.75)
    #expect(result[.agreement] == 0.8)
    #expect((result[.kl] ?? 0) > 0)
    let alone = try Evaluator(grayLevels, batchSize: batchSize, device: .cpu)(student)
    #expect(alone[.agreement] == nil && alone.teacher(.top1) == nil && alone[.kl] == nil)
  }

  /// A file that ends early is whole for a network that looks at its middle, and broken for one that
  /// looks at all of it.
  @Test func onlyWhatBothNetworksCouldSeeIsCompared() throws {
    let folder = try TemporaryFolder()
    for number in 0..<5 {
      let file = try photograph(height: 96, width: 96, seed: number).jpegData()
      let kept = number == 2 ? file.count * 9 / 10 : file.count
      _ = try folder.write("\(number).jpg", Array(file.prefix(kept)))
    }
    let images = try DatasetRegistry().open(DatasetReference("photos:\(folder.path)"))
    let whole = EvaluatedModel(
      Threshold(0), EvaluationPreprocessing(resize: 24, crop: 24), precision: .f32)
    let middle = EvaluatedModel(
      Threshold(0), EvaluationPreprocessing(resize: 48, crop: 24), precision: .f32)
    for (student, teacher) in [(whole, middle), (middle, whole)] {
      let evaluator = Evaluator(
        images, teachers: [teacher], batchSize: 3, device: .cpu,
        loading: LoaderOptions(workers: 2, broken: BrokenImages(.skip)))
      for _ in 0..<2 { #expect(try evaluator(student).images == 4) }
    }
    let alone = Evaluator(
      images, batchSize: 3, device: .cpu, loading: LoaderOptions(broken: BrokenImages(.skip)))
    #expect(try alone(middle).images == 5)
  }

  @Test func brokenImagesCountNowhere() throws {
    let pictures = (0..<6).map { index in
      PixelImage(height: 8, width: 8, pixels: [UInt8](repeating: UInt8(40 * index), count: 192))
    }
    let images = PictureList(pictures, classNames: ["dark", "light"], broken: [0, 4]) {
      $0 < 4 ? 0 : 1
    }
    let preprocessing = EvaluationPreprocessing(resize: 8, crop: 8)
    let student = EvaluatedModel(Threshold(0.2), preprocessing, precision: .f32)
    let teacher = EvaluatedModel(
      Threshold(0.9), EvaluationPreprocessing(resize: 9, crop: 8), precision: .f32)
    #expect(throws: ImageError.self) {
      try Evaluator(images, batchSize: 4, device: .cpu)(student)
    }
    let evaluator = Evaluator(
      images, teachers: [teacher], batchSize: 4, device: .cpu,
      loading: LoaderOptions(workers: 2, broken: BrokenImages(.skip)))
    for _ in 0..<2 {
      let result = try evaluator(student)
      #expect(result.images == 4)
      #expect(result[.top1] == 1)
      #expect(result.teacher(.top1) == 0.75 && result[.agreement] == 0.75)
    }
  }

  /// Networks that prepare images alike are shown the same pixels; the others their own.
  @Test func severalTeachersCountAsOne() throws {
    let images = CountedList(grayLevels)
    let (alike, other) = (
      EvaluationPreprocessing(resize: 8, crop: 8), EvaluationPreprocessing(resize: 8, crop: 4)
    )
    let student = EvaluatedModel(Threshold(0.1), alike, precision: .f32)
    let judges = [Threshold(0.5), Threshold(-0.5), Threshold(0.2)]
    let ways = [alike, other, other]
    let teachers = zip(judges, ways).map { EvaluatedModel($0, $1, precision: .f32) }
    let weights = [1.0, 2, 5]
    let brightness = (0..<10).map { Float(25 * $0) / 127.5 - 1 }
    func logits(_ thresholds: [Double]) -> [Tensor] {
      thresholds.map { threshold in
        Tensor(
          brightness.flatMap { [Float(threshold) - $0, $0 - Float(threshold)] }, shape: [10, 2])
      }
    }
    for combination in Ensemble.Combination.allCases {
      var tally = MetricTally()
      tally.add(
        logits([0.1])[0], (0..<10).map { grayLevels.label(at: $0) },
        teacher: Ensemble(combination, weights: weights).combined(logits([0.5, -0.5, 0.2])))
      let evaluator = Evaluator(
        images, teachers: teachers, ensemble: Ensemble(combination, weights: weights), batchSize: 4,
        device: .cpu)
      for opened in [20, 10] {
        let (before, calls) = (images.opened, judges.map(\.calls))
        let result = try evaluator(student)
        #expect(images.opened - before == opened)
        #expect(zip(judges, calls).allSatisfy { $0.calls - $1 == (opened == 20 ? 3 : 0) })
        let expected = Evaluation(tally, seconds: 1, teacherSeconds: 1).figures(Metrics.builtIn)
        let figures = result.figures(Metrics.builtIn)
        #expect(Set(figures.keys) == Set(expected.keys))
        for (name, value) in figures {
          #expect(abs(value - (expected[name] ?? .nan)) < 1e-5, "\(combination): \(name)")
        }
        #expect((result.teacherImagesPerSecond ?? 0) > 0)
      }
      let detailed = try evaluator.detailed(student)
      #expect(detailed.evaluation.values == (try evaluator(student).values))
      #expect(detailed.detail?.classes.map(\.images) == [6, 2])
    }
  }
}

/// Counts how often images are opened.
private final class CountedList: Dataset {
  private let base: PictureList
  private let openings = Mutex(0)
  init(_ base: PictureList) { self.base = base }
  var opened: Int { openings.withLock { $0 } }
  var count: Int { base.count }
  var classNames: [String] { base.classNames }
  func name(at index: Int) -> String { base.name(at: index) }
  func label(at index: Int) -> Int? { base.label(at: index) }
  func open(_ index: Int, with reader: ImageReader) throws {
    openings.withLock { $0 += 1 }
    try base.open(index, with: reader)
  }
}
