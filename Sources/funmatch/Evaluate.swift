import ArgumentParser
import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchExperiments
import FunMatchModels
import FunMatchViews

/// `funmatch evaluate`: how good a model is, and how close to another.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a model on a data set, beside its teacher if one is given.")

  @Argument(help: "A model file (.safetensors) written by this tool.")
  var model: String

  @Option(help: "The images, such as fashion-mnist:test; the test split if none is named.")
  var data: String

  @Option(help: "Another model file to compare with.")
  var teacher: String?

  @Option(help: "Images a forward pass.")
  var batchSize = 250

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
    let other = try teacher.map { try load($0) }
    if let other, other.file.model.classes != student.file.model.classes {
      throw ExperimentError(
        "\(model) has \(student.file.model.classes) classes, \(teacher ?? "") "
          + "\(other.file.model.classes): they cannot be compared")
    }
    let dataset = try images.registry.open(DatasetReference(data), usually: "test")
    try ClassNames.check(
      dataset, called: data, classes: student.file.model.classes, names: student.file.classNames,
      network: model)
    for network in [student, other].compactMap({ $0 }) {
      network.file.model.store.move(to: device)
      network.file.model.store.freeze(.f32)
    }
    let broken = BrokenImages(skipBroken ? .skip : .fail)
    let evaluator = Evaluator(
      dataset, teacher: other?.subject, batchSize: batchSize, device: device,
      loading: LoaderOptions(
        workers: loading.threads, decoder: decoding.decoder, broken: broken))
    let evaluation = try evaluator(student.subject)
    let comparison = Comparison(
      evaluation,
      student: Contestant(
        student.file.model, student.preprocessing, top1: evaluation.top1,
        imagesPerSecond: evaluation.imagesPerSecond),
      teacher: other.map {
        Contestant(
          $0.file.model, $0.preprocessing, top1: evaluation.teacherTop1,
          imagesPerSecond: evaluation.teacherImagesPerSecond ?? 0)
      })
    for report in broken.takeReports() {
      try? FileHandle.standardError.write(contentsOf: Data("skipped: \(report)\n".utf8))
    }
    print(comparison.table)
    if json { print(try JSONLine.text(comparison)) }
  }

  private func load(_ path: String) throws -> (
    file: ModelFile, preprocessing: Preprocessing, subject: Evaluator.Subject
  ) {
    let file = try ModelFile(path: path)
    let preprocessing = try file.knownPreprocessing(path)
    return (file, preprocessing, Evaluator.Subject(file.model, preprocessing, precision: .f32))
  }
}
