import FunMatchDistillation
import FunMatchFiles
import FunMatchRecipes

/// What a run needs of a logit bank, and what that saves.
public struct LogitBankPlan {
  private let recipe: SharedRecipe
  private let bank: BankRecipe
  private let teachers: [Teacher]
  private let identity: BankIdentity
  private let folder: String
  /// Steps after which views repeat, `nil` if they never do.
  public let period: Int?

  /// `nil` where the recipe wants none, or there are no teachers.
  ///
  /// - Parameters:
  ///   - imageCount: number of training images.
  ///   - folder: where banks are kept, under `FUNMATCH_CACHE` or the user's folder for caches without it.
  public init?(
    _ recipe: SharedRecipe, imageCount: Int, teachers: [Teacher],
    identity: () throws -> BankIdentity,
    folder: String? = nil
  ) throws {
    guard let bank = recipe.bank, !teachers.isEmpty else { return nil }
    (self.recipe, self.bank, self.teachers) = (recipe, bank, teachers)
    self.identity = try identity()
    self.folder = (folder ?? CacheFolder.user) + "/banks"
    period = recipe.bankPeriod(imageCount: imageCount)
  }

  /// Steps of different views in so many steps of a run.
  public func wanted(steps: Int) -> Int { min(steps, period ?? steps) }

  /// The bank, ready to be read and, unless all is known or another process records, to be recorded.
  ///
  /// - Parameters:
  ///   - steps: of the run, or of the longest of several.
  ///   - writers: who computes what it does not have.
  ///   - isFollowing: whether another process of the same run records; this one only reads.
  /// - Throws: `FileError` when it is damaged, or what is to come does not fit the disk.
  public func open(
    steps: Int, writers: BankWriters, isFollowing: Bool = false
  ) throws -> LogitBank {
    let isCompiled = teachers.allSatisfy { $0.computation.engine == .openvino }
    let bank = try LogitBank(
      folder: folder, identity: identity, batchSize: recipe.batchSize, classes: classes,
      precision: bank.precision, wanted: wanted(steps: steps),
      writers: isCompiled ? nil : writers, isFollowing: isFollowing)
    if bank.isWritable {
      try LogitBank.checkSpace(folder: folder, bytes: bytes(wanted(steps: steps) - bank.steps))
    }
    return bank
  }

  /// Lines on what the bank is for, what it takes and what it saves.
  public func describe(_ bank: LogitBank, steps: Int) -> [String] {
    let wanted = wanted(steps: steps)
    let missing = max(0, wanted - bank.steps)
    let epochs = self.bank.epochs ?? 0
    var lines = [
      period.map {
        "views repeat after \(NumberText.grouped($0)) steps, "
          + "\(NumberText.significant(epochs)) epoch\(epochs == 1 ? "" : "s")"
      } ?? "views never repeat",
      "teachers compute logits of \(views(missing)) instead of \(views(steps)); "
        + "\(NumberText.grouped(wanted - missing)) of \(NumberText.grouped(wanted)) steps are "
        + "known from before",
      "logits take \(NumberText.bytes(bytes(wanted))), of which \(NumberText.bytes(bytes(missing))) "
        + "are to come: \(bank.path)",
    ]
    if missing > 0, !bank.isWritable {
      lines.append("another process records there, or it may not be written: nothing is recorded")
    }
    return lines
  }

  private var classes: [Int] { teachers.map(\.classes) }

  private func bytes(_ steps: Int) -> Int {
    let each = LogitBank.bytesPerStep(
      batchSize: recipe.batchSize, classes: classes, precision: bank.precision)
    // The longest recipes that are allowed would need more than can be counted.
    let (all, isTooMuch) = steps.multipliedReportingOverflow(by: each)
    return isTooMuch ? .max : all
  }

  /// So many steps as views and what they cost the teachers.
  private func views(_ steps: Int) -> String {
    let views = steps * recipe.batchSize
    let words = "\(NumberText.grouped(views)) views"
    // A program does not tell.
    let macs = teachers.compactMap(\.multiplyAccumulates)
    guard macs.count == teachers.count else { return words }
    let cost = Double(macs.reduce(0, +)) * Double(views)
    return words + " (\(NumberText.significant(cost)) multiply-accumulates)"
  }
}
