import ArgumentParser
import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchExperiments
import FunMatchImages
import FunMatchModels
import FunMatchViews

/// `funmatch evaluate`: how good a model is, and how close to another.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a model on a data set, beside its teacher if one is given.",
    discussion: "Several teachers answer with the mean of their probabilities.")

  @Argument(help: "A model file (.safetensors) written by this tool.")
  var model: String

  @Option(help: "The images, such as fashion-mnist:test; the test split if none is named.")
  var data: String

  @Option(help: "Another model file to compare with; may be given several times.")
  var teacher: [String] = []

  @Option(help: "Images a forward pass.")
  var batchSize = 250

  @Option(help: "What convolutions compute in: f32, bf16 (as most runs do) or f16.")
  var precision: Export.Precision = .f32

  @Flag(help: "Write one JSON object as the last line.")
  var json = false

  @Flag(help: "Leave out images that cannot be decoded, and name them, instead of failing.")
  var skipBroken = false

  @OptionGroup var decoding: DecodingOptions

  @OptionGroup var images: DataOptions

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var engine: DeviceOptions

  func validate() throws {
    guard (1...1 << 20).contains(batchSize) else {
      throw ValidationError("--batch-size must be between 1 and 1048576")
    }
  }

  func run() throws {
    let device = try engine.resolve()
    let student = try load(model)
    let classes = student.file.model.classes
    let teachers = try teacher.map { path in
      let other = try load(path)
      guard other.file.model.classes == classes else {
        throw ExperimentError(
          "\(model) has \(classes) classes, \(path) \(other.file.model.classes): they cannot be "
            + "compared")
      }
      return other
    }
    let dataset = try images.registry.open(DatasetReference(data), usually: "test")
    for (path, network) in [(model, student)] + zip(teacher, teachers) {
      try ClassNames.check(
        dataset, called: data, classes: classes, names: network.file.classNames, network: path)
    }
    for network in [student] + teachers {
      network.file.model.store.move(to: device)
      network.file.model.store.freeze(precision.dtype)
    }
    let broken = BrokenImages(skipBroken ? .skip : .fail)
    let evaluator = Evaluator(
      dataset, teachers: teachers.map(\.subject), batchSize: batchSize, device: device,
      loading: LoaderOptions(
        workers: loading.threads, decoder: decoding.decoder, broken: broken))
    let tally = try evaluator.detailed(student.subject)
    let evaluation = tally.evaluation
    let names = dataset.classNamesAreNumbers ? student.file.classNames : dataset.classNames
    let comparison = Comparison(
      evaluation,
      student: Contestant(
        student.file.model, student.preprocessing, evaluation,
        calibration: tally.detail?.calibration),
      teacher: Contestant(
        teachers: teachers.map { ($0.file.model, $0.preprocessing) }, evaluation,
        calibration: tally.teacherDetail?.calibration),
      detail: tally.detail, classNames: names)
    for report in broken.takeReports() {
      try? FileHandle.standardError.write(contentsOf: Data("skipped: \(report)\n".utf8))
    }
    print(comparison.table)
    print(json ? try JSONLine.text(comparison) : comparison.details)
  }

  private func load(_ path: String) throws -> (
    file: ModelFile, preprocessing: EvaluationPreprocessing, subject: Evaluator.Subject
  ) {
    let file = try ModelFile(path: path)
    let preprocessing = try file.knownPreprocessing(path)
    let subject = Evaluator.Subject(file.model, preprocessing, precision: precision.dtype)
    return (file, preprocessing, subject)
  }
}
