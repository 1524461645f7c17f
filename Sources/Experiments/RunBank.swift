import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchTorch
import FunMatchViews

/// What teachers say of the batches of a run: from the disk where they were asked before, and kept
/// there where they are asked now.
///
/// A run keeps it under `FUNMATCH_CACHE`, else `funmatch` in the user's folder for caches.
struct RunBank {
  let recipe: Recipe
  let images: RunImages
  let teachers: RunTeachers
  let device: Device
  /// What logits are stored in.
  let precision: LogitBank.Precision
  /// Where it is kept.
  let folder: String

  /// `nil` where the recipe wants none, or nobody is asked.
  ///
  /// - Parameter folder: where it is kept; the user's cache without it.
  init?(
    _ recipe: Recipe, _ images: RunImages, _ teachers: RunTeachers, device: Device,
    folder: String? = nil
  ) {
    guard let bank = recipe.bank, !teachers.loaded.isEmpty else { return nil }
    precision = bank.precision
    self.recipe = recipe
    self.images = images
    self.teachers = teachers
    self.device = device
    self.folder = folder ?? RunTargets.userFolder + "/banks"
  }

  /// Steps after which views repeat, `nil` if they never do.
  var period: Int? { recipe.bankPeriod(imageCount: images.trainingCount) }

  /// Steps of different views in so many steps of a run.
  func wanted(steps: Int) -> Int { min(steps, period ?? steps) }

  /// The bank, ready to be read and, unless all is known or another process records, to be recorded.
  ///
  /// - Parameter steps: of the run, or of the longest of several.
  /// - Throws: `TrainingError` when it is damaged, or what is to come does not fit the disk.
  func open(steps: Int) throws -> LogitBank {
    let bank = try LogitBank(
      folder: folder, origin: try origin(), batchSize: recipe.batchSize, classes: classes,
      precision: precision, wanted: wanted(steps: steps))
    if bank.isWritable {
      try LogitBank.checkSpace(folder: folder, bytes: bytes(wanted(steps: steps) - bank.steps))
    }
    return bank
  }

  /// Lines on what the bank is for, what it takes and what it saves.
  func describe(_ bank: LogitBank, steps: Int) -> [String] {
    let wanted = wanted(steps: steps)
    let missing = max(0, wanted - bank.steps)
    var lines = [
      period.map {
        "views repeat after \(Comparison.grouped($0)) steps, "
          + "\(Self.short(recipe.bank?.epochs ?? 0)) epoch\(recipe.bank?.epochs == 1 ? "" : "s")"
      } ?? "views never repeat",
      "teachers are asked about \(views(missing)) instead of \(views(steps)); "
        + "\(Comparison.grouped(wanted - missing)) of \(Comparison.grouped(wanted)) steps are "
        + "known from before",
      "logits take \(Self.size(bytes(wanted))), of which \(Self.size(bytes(missing))) are to come: "
        + bank.path,
    ]
    if missing > 0, !bank.isWritable {
      lines.append("another process records there, or it cannot be written: nothing is recorded")
    }
    return lines
  }

  private var classes: [Int] { teachers.asked.map(\.classes) }

  private func bytes(_ steps: Int) -> Int {
    let each = LogitBank.bytesPerStep(
      batchSize: recipe.batchSize, classes: classes, precision: precision)
    // The longest recipes that are allowed would need more than can be counted.
    let (all, isTooMuch) = steps.multipliedReportingOverflow(by: each)
    return isTooMuch ? .max : all
  }

  /// So many steps as views and what asking about them takes.
  private func views(_ steps: Int) -> String {
    let views = steps * recipe.batchSize
    let words = "\(Comparison.grouped(views)) views"
    // A program does not tell.
    guard let each = teachers.cost.macs else { return words }
    return words + " (\(Self.short(Double(each) * Double(views))) multiply-accumulates)"
  }

  /// A number in three digits, such as 1.22e+15.
  private static func short(_ value: Double) -> String { String(format: "%.3g", value) }

  private static func size(_ bytes: Int) -> String {
    bytes < 100_000
      ? "\(Comparison.grouped(bytes)) bytes" : ProgressLine.fixed(Double(bytes) / 1e6, 1) + " MB"
  }

  /// Everything that the logits depend on, in words.
  private func origin() throws -> [String] {
    var lines = [try images.fingerprint()]
    if let mixture = images.mixture {
      lines.append("shares \(mixture.weights) of \(mixture.parts)")
    }
    let shards = images.training.shards
    if !shards.isEmpty {
      let words = Array(shards.map { "\($0)" }.joined(separator: " ").utf8)
      lines.append("in \(shards.count) files \(SHA256.hexadecimal(of: words))")
    }
    lines.append("broken images \(recipe.onBrokenImage.rawValue)")
    for (index, teacher) in recipe.teachers.enumerated() {
      lines += ["teacher \(index): weights \(teachers.checksums[index])"]
      lines += teachers.loaded[index].identity + ["resolution \(teacher.resolution)"]
    }
    return lines + [
      "for \(recipe.student.resolution)", "views \(try JSONLine.text(recipe.views))",
      "seed \(recipe.seed)",
      "at most \(min(recipe.microBatchSize ?? recipe.batchSize, recipe.batchSize)) at a time",
      "precision \(recipe.precision.rawValue) on \(device)",
      "decoding \(try JSONLine.text(recipe.decoding))",
    ]
  }
}
