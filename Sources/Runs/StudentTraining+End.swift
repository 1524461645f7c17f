import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchFiles
import FunMatchModels
import FunMatchTorch

/// How long a run's end takes.
extension StudentTraining {
  /// What writing and reading the state, the student and the report take at least.
  private static let writing = (seconds: 1.5, bytesPerSecond: 3e8)
  /// What a look at some images should take, to tell of all.
  private static let look = 1.0

  /// Seconds that are likely to go by after the last step: for evaluations, which are tried on a few images, and for what is
  /// written.
  ///
  /// - Throws: what reading images throws.
  func secondsOfEnd() throws -> Double {
    let written = Self.writing.seconds + 3 * Double(byteCount) / Self.writing.bytesPerSecond
    let sets = group.datasets
    let all = [sets.trainingSlice, sets.validation, sets.test].compactMap { $0 }
    guard let images = all.max(by: { $0.count < $1.count }), images.count > 0 else {
      return written
    }
    let begin = ContinuousClock.now
    let network = try lastNetwork()
    func seconds(_ count: Int) throws -> Double {
      let some = UnlabelledDataset(SpreadDataset(images, count: count))
      let start = ContinuousClock.now
      _ = try group.final(some, sets.sliceLoading)?(network)
      return start.duration(to: .now).seconds / Double(some.count)
    }
    defer { group.forgetFinalTeachers() }
    do {
      // The first one compiles.
      _ = try seconds(1)
      let prepared = begin.duration(to: .now).seconds
      var each = try seconds(16)
      // Several processes look at the same ones.
      let count = try group.options.shared { Int(min(Self.look / max(each, 1e-5), 2000)) }
      if count > 16 { each = try seconds(count) }
      return written + prepared + each * Double(all.reduce(0) { $0 + $1.count })
    } catch is TrainingError {
      // Broken ones, which are skipped.
      return written
    }
  }
}
