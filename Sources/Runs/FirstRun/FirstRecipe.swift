import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchImages
import FunMatchModels
import FunMatchRecipes
import FunMatchSettings

/// Makes a recipe for a first result out of a teacher's file, images, a student's shape and some hours: the paper's, as far as
/// such a machine, so much time and so many images allow. What was chosen stands in comments.
public struct FirstRecipe {
  /// What the user says.
  public struct Wish: Sendable {
    /// A model file of this tool.
    public let teacher: String
    /// What is learnt from; no label is used.
    public let data: DatasetReference
    /// What is evaluated at the end; `nil`: nothing.
    public let test: DatasetReference?
    /// The student's shape, and what the user calls it.
    public let student: (spec: ModelSpec, name: String)
    /// Hours from the beginning of the command to its end.
    public let hours: Double
    /// `KEY=VALUE`, which come before every choice.
    public let edits: [String]

    /// All named.
    public init(
      teacher: String, data: DatasetReference, test: DatasetReference?,
      student: (spec: ModelSpec, name: String), hours: Double, edits: [String]
    ) {
      (self.teacher, self.data, self.test) = (teacher, data, test)
      (self.student, self.hours, self.edits) = (student, hours, edits)
    }
  }

  private let wish: Wish
  private let options: RunOptions

  /// Nothing is read yet.
  public init(_ wish: Wish, _ options: RunOptions) { (self.wish, self.options) = (wish, options) }

  /// The recipe; `options` with what is said of its keys. A run that goes on keeps what was chosen when it began.
  ///
  /// - Throws: an error with one sentence on what was wrong, before anything is written.
  public func callAsFunction() throws -> (file: RecipeFile, options: RunOptions) {
    if let group = options.group {
      throw RecipeError(
        "without a recipe one process trains, and here are \(group.size): let --dry-run 1 print the recipe, and give it to all of them"
      )
    }
    let teacher = try FirstTeacher(wish.teacher, options.registry)
    let folder = RunFolder(options.output)
    let images = try FirstImages(wish.data, options)
    let base = try file(teacher, images, nil, folder)
    if !options.resume, options.dryRunSteps == nil { try folder.check(base, resume: false) }
    let isBegun = options.resume && FileManager.default.fileExists(atPath: folder.recipe)
    let choices =
      try isBegun
      ? FirstChoices(of: RecipeFile(path: folder.recipe, registry: options.registry).recipe)
      : FirstChoices(for: base, wish, images: images.count, options)
    var noted = options
    // Those of a run that has begun stand in its recipe.
    if !isBegun { noted.notes = notes(teacher, images, choices) }
    return (try file(teacher, images, choices, folder), noted)
  }

  private func file(
    _ teacher: FirstTeacher, _ images: FirstImages, _ choices: FirstChoices?, _ folder: RunFolder
  ) throws -> RecipeFile {
    func text(_ value: some Encodable) throws -> String { try JSONText.line([value]).unbracketed }
    let test = try wish.test.map { ", test: \(try text($0.description))" } ?? ""
    let resize = teacher.resize.map { "resize: \($0), " } ?? ""
    var lines = [
      "data: {train: \(try text(wish.data.description))\(test)}",
      "teachers: [{weights: \(try text(teacher.path)), resolution: \(teacher.resolution)}]",
      "student: {model: \(try text(wish.student.spec)), resolution: \(teacher.resolution), input: \(try text(teacher.input))}",
      "views: {policy: funmatch, crop: {inception: {areaMin: \(images.smallestCrop)}}}",
      "distance: {kl: {temperature: 2}}",
    ]
    let hours = "hours: \(wish.hours), decay: constant, cooldownFraction: 0.2"
    if let choices {
      lines += [
        "optimizer: {adam: {learningRate: \(choices.learningRate), weightDecay: \(choices.weightDecay)}}",
        "schedule: {\(hours), warmupSteps: \(choices.warmupSteps)}",
        "batchSize: \(choices.batchSize)",
        "evaluation: {\(resize)batchSize: \(choices.evaluationBatchSize), every: \(choices.evaluateEvery)}",
        "checkpoints: {every: \(choices.saveEvery)}",
      ]
      if !choices.measures { lines.append("precision: f32") }
    } else {
      lines += ["schedule: {\(hours)}", "batchSize: \(min(FirstChoices.usualBatch, images.count))"]
      if !resize.isEmpty { lines.append("evaluation: {resize: \(teacher.resize ?? 0)}") }
    }
    return try RecipeFile(
      text: lines.joined(separator: "\n"), edits: wish.edits, path: folder.recipe,
      registry: options.registry
    ) { try $0.count(in: options.datasets, inventsMissing: options.dryRunSteps != nil) }
  }

  /// What comments say of each choice.
  private func notes(
    _ teacher: FirstTeacher, _ images: FirstImages, _ choices: FirstChoices
  ) -> RecipeNotes {
    let steps =
      choices.expectedSteps.map { " About \(NumberText.grouped(Int(min($0, 1e12)))) are expected." }
      ?? ""
    var notes: RecipeNotes = [
      "": """
      Made by funmatch distill --teacher --data --student --hours. To change it, edit it and give it to funmatch distill
      with another --output. What has no comment is the tool's default, which is the paper's.
      """,
      "data.train": "--data: \(NumberText.grouped(images.count)) images; no label is used.",
      "teachers": "--teacher: a network of \(teacher.classes) classes.",
      "student.resolution": "The size that the teacher looks at.",
      "student.model": "--student \(wish.student.name), from fresh weights.",
      "student.input": "The teacher's, so that the student can take its place.",
      "views":
        "The paper's: teacher and student see the same crop, flipped and mixed in the same way.",
      "views.crop.inception.areaMin": images.cropWords,
      "batchSize": choices.batchWords,
      "evaluation.every":
        "On training images: agreement with the teacher; the last step always is.",
      "distance.kl.temperature":
        "Of the paper's 1, 2, 5 and 10; more than 1 shows what the teacher thinks of the other classes.",
      "optimizer.adam.learningRate":
        "The paper's recipes have 0.01 up to 15,000 steps, 0.003 at 20,000, 0.001 from 150,000 on.\(steps)",
      "schedule.hours": "--hours, from the beginning of the command to its end.",
      "schedule.decay":
        "The rate stays, so that the length may be found on the way, and cools down at the end.",
      "schedule.warmupSteps":
        "A twentieth of the expected steps, and no more than the paper's 1,500.",
      "schedule.cooldownFraction": "The last fifth of the steps.",
      "checkpoints.every": "A twentieth of the expected steps, and no more than 500.",
    ]
    if !choices.measures {
      notes["precision"] = "There is no time to measure whether bf16 is faster."
    }
    if wish.test != nil { notes["data.test"] = "--test: evaluated once, at the end." }
    if teacher.resize != nil { notes["evaluation.resize"] = "As the teacher's images are resized." }
    for key in wish.edits.compactMap({ $0.split(separator: "=").first }) {
      notes[String(key)] = "As --set says."
    }
    return notes
  }
}

extension String {
  /// JSON of a list of one without its brackets: JSON of a text alone is none for some encoders.
  fileprivate var unbracketed: String { String(dropFirst().dropLast()) }
}
