import Foundation
import FunMatchDatasets
import FunMatchImages
import FunMatchSettings
import FunMatchTestSupport
import FunMatchViews
import Testing

/// Who sees what under each of the paper's eight policies (section 3.1.1).
struct PolicyTests {
  private let images = PictureList(
    (0..<12).map { photograph(height: 60 + $0, width: 90, seed: $0) })

  private func batches(
    _ policy: ViewPolicy, student: Int = 32, teachers: [Int] = [32], steps: Int = 6
  ) throws -> [ImageBatch] {
    let source = try BatchSource(
      images, policy: policy, batchSize: 8, student: student, teachers: teachers, seed: 7,
      options: LoaderOptions(workers: 2))
    return try (0..<steps).map { try source.batch($0) }
  }

  @Test func thePaperHasEight() {
    #expect(
      ViewPolicy.paper.map(\.name) == [
        "fix/rs", "fix/cc", "fix/ic_ens", "ind/rc", "ind/ic", "same/rc", "same/ic", "funmatch",
      ])
    #expect(ViewPolicy.paper.filter { $0.mixup > 0 } == [.funmatch])
    #expect(ViewPolicy.fixedEnsemble.teacher == .ensemble(1000))
  }

  @Test(arguments: ["same/rc", "same/ic", "funmatch"])
  func sharedViewsAreOneAndTheSame(_ name: String) throws {
    let policy = try #require(ViewPolicy.paper.first { $0.name == name })
    #expect(!policy.teacher.isFixed)
    for batch in try batches(policy) {
      // Nothing is drawn for the teachers: they are given the student's own pixels.
      #expect(batch.teacher.isEmpty)
      #expect(Array(batch.student.keys) == [32])
    }
    // At another resolution it is the same part of the original image.
    for batch in try batches(policy, teachers: [48, 32]) {
      #expect(batch.teacher.isEmpty && batch.student.keys.sorted() == [32, 48])
    }
    let alone = try batches(policy, teachers: [])
    let beside = try batches(policy, teachers: [48])
    for (a, b) in zip(alone, beside) { #expect(a.student[32]?.array == b.student[32]?.array) }
  }

  @Test(arguments: ["ind/rc", "ind/ic"])
  func independentViewsDiffer(_ name: String) throws {
    let policy = try #require(ViewPolicy.paper.first { $0.name == name })
    var same = 0
    var all = 0
    for batch in try batches(policy) {
      let student = try #require(batch.student[32]).array
      let teacher = try #require(batch.teacher[32]).array
      let bytes = 32 * 32 * 3
      for image in 0..<8 {
        all += 1
        let range = image * bytes..<(image + 1) * bytes
        if student[range] == teacher[range] { same += 1 }
      }
    }
    // A mild crop has 9 x 9 places at this size, and two sides.
    #expect(all == 48 && same <= 2)
    // The student sees what it would see if it shared its views.
    let shared = try batches(policy.crop == .random(resize: nil) ? .sameRandom : .sameInception)
    for (a, b) in zip(try batches(policy), shared) {
      #expect(a.student[32]?.array == b.student[32]?.array)
    }
  }

  @Test func severalTeachersShareTheirIndependentView() throws {
    for batch in try batches(.independentInception, teachers: [32, 64, 32]) {
      #expect(batch.teacher.keys.sorted() == [32, 64])
    }
  }

  @Test(arguments: ["fix/rs", "fix/cc", "fix/ic_ens"])
  func fixedTeachersSeeTheSameEveryTime(_ name: String) throws {
    var policy = try #require(ViewPolicy.paper.first { $0.name == name })
    if case .ensemble = policy.teacher { policy.teacher = .ensemble(5) }
    let views = policy.teacher.fixedViews
    #expect(policy.teacher.isFixed && views == (name == "fix/ic_ens" ? 5 : 1))
    for batch in try batches(policy) {
      #expect(batch.teacher.isEmpty && Array(batch.student.keys) == [32])
    }
    func fixed(_ workers: Int, from start: Int, batchSize: Int) throws -> [UInt8] {
      let source = FixedViewSource(
        images, policy: policy, from: start, batchSize: batchSize, student: 32, teachers: [48],
        seed: 7, options: LoaderOptions(workers: workers))
      return try (0..<(images.count - start + batchSize - 1) / batchSize).flatMap {
        try #require(try source.batch($0).pixels[48]).array
      }
    }
    let all = try fixed(1, from: 0, batchSize: 12)
    #expect(all.count == 12 * views * 48 * 48 * 3)
    #expect(try fixed(3, from: 0, batchSize: 5) == all)
    #expect(try fixed(2, from: 4, batchSize: 4) == Array(all[(4 * views * 48 * 48 * 3)...]))
    if views > 1 {
      let one = 48 * 48 * 3
      let first = (0..<views).map { Array(all[$0 * one..<($0 + 1) * one]) }
      #expect(Set(first).count == views, "the crops of an image differ")
    }
  }

  @Test func aResizedImageIsSeenWholeByBoth() throws {
    let batch = try batches(.fixedResize, steps: 1)[0]
    let pixels = try #require(batch.student[32]).array
    let bytes = 32 * 32 * 3
    for (place, index) in batch.indices.enumerated() {
      let image = try images.image(at: index)
      let whole = image.resizeBilinear(box: image.bounds, height: 32, width: 32)
      #expect(Array(pixels[place * bytes..<(place + 1) * bytes]) == whole.pixels)
      let teachers = ViewPolicy.fixedResize.fixedView(
        height: image.height, width: image.width, size: 32, seed: 7, index: index, number: 0)
      #expect(teachers.picture(of: image, size: 32) == whole)
    }
  }

  @Test func centralCropsAreFixedAndStudentsCropsAreNot() throws {
    let view = ViewPolicy.fixedCenter.fixedView(
      height: 60, width: 90, size: 128, seed: 1, index: 3, number: 0)
    #expect(view.geometry == .window(resize: 160, y: 16, x: 16, size: 128) && !view.flip)
    let views = (0..<200).map {
      ViewPolicy.fixedCenter.view(
        height: 60, width: 90, size: 128, seed: 1, epoch: $0, index: 3)
    }
    #expect(Set(views.map { "\($0)" }).count > 150)
    #expect(Crop.usualResize(224) == 256 && Crop.usualResize(28) == 32)
  }

  @Test func recipesNamePolicies() throws {
    func decode(_ json: String) throws -> ViewPolicy {
      try JSONDecoder().decode(ViewPolicy.self, from: Data(json.utf8))
    }
    #expect(try decode("{}") == .funmatch)
    for policy in ViewPolicy.paper {
      #expect(try decode(#"{"policy": "\#(policy.name)"}"#) == policy)
      let again = try JSONDecoder().decode(
        ViewPolicy.self, from: JSONEncoder().encode(policy))
      #expect(again == policy)
    }
    let ensemble = try decode(#"{"policy": "fix/ic_ens", "ensemble": 20, "flip": false}"#)
    #expect(ensemble.teacher == .ensemble(20) && !ensemble.flip)
    let mild = try decode(#"{"policy": "same/rc", "crop": {"random": {"resize": 40}}, "mixup": 1}"#)
    #expect(mild.crop == .random(resize: 40) && mild.mixup == 1 && mild.teacher == .shared)
    #expect(try decode(#"{"crop": "whole"}"#).crop == .whole)
    for wrong in [
      #"{"policy": "same"}"#, #"{"policy": "funmatch", "ensemble": 3}"#,
      #"{"crop": {"whole": {}, "center": {}}}"#, #"{"crop": "square"}"#,
    ] {
      #expect(throws: SettingsError.self) { try decode(wrong) }
    }
  }
}
