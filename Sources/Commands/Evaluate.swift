import ArgumentParser
import Foundation
import FunMatchDatasets
import FunMatchDistillation
import FunMatchFiles
import FunMatchImages
import FunMatchModels
import FunMatchRecipes
import FunMatchRuns
import FunMatchSettings
import FunMatchTorch
import FunMatchViews

/// `funmatch evaluate`: how good a model is, and how close to another.
struct Evaluate: RegistryCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a model on a data set, beside its teacher if one is given.",
    discussion: "Several teachers count as one, by the mean of their probabilities.")

  @Argument(help: "A model file (.safetensors) written by this tool.")
  var model: String

  @Option(help: "The images, such as fashion-mnist:test; the test split if none is named.")
  var data: String

  @Option(help: "Another model file to compare with; may be given several times.")
  var teacher: [String] = []

  @Option(help: "Images a forward pass.")
  var batchSize = 250

  @Flag(help: "Write one JSON object, in one line, and nothing else.")
  var json = false

  @OptionGroup var labels: LabelOptions

  @OptionGroup var decoding: DecodingOptions

  @OptionGroup var images: DataOptions

  @OptionGroup var loading: LoadingOptions

  @OptionGroup var inference: InferenceOptions

  func validate() throws {
    guard (1...1 << 20).contains(batchSize) else {
      throw ValidationError("--batch-size must be between 1 and 1048576")
    }
  }

  func run(_ registry: Registry) throws {
    let device = try inference.place.resolve()
    let memory = try inference.memory([model] + teacher, device, registry)
    let opened = try labels.renamed([
      (try images.datasets(registry).open(DatasetReference(data), usually: "test"), data)
    ])[0]
    let batchSize = min(batchSize, max(1, opened.count))
    try memory?.check(batchSize: batchSize)
    let student = try load(model, batchSize, on: device, registry)
    let classes = student.network.classes
    let teachers = try teacher.map { path in
      let other = try load(path, batchSize, on: device, registry, isTeacher: true)
      guard other.network.classes == classes else {
        throw RecipeError(
          "\(model) has \(classes) classes, \(path) \(other.network.classes): they cannot be "
            + "compared")
      }
      return other
    }
    let networks = [(model, student)] + zip(teacher, teachers)
    for (path, network) in networks {
      try ClassNames.check(
        opened, called: data, classes: classes, names: network.classNames, network: path)
    }
    let named = networks.first { !ClassNames.isMadeUp($0.1.classNames) }
    for (path, network) in networks {
      guard let named,
        let name = ClassNames.misplaced(named.1.classNames, among: network.classNames)
      else { continue }
      throw RecipeError(
        "'\(name)' is another class of \(path) than of \(named.0): they cannot be compared")
    }
    let (dataset, remarks) = ClassNames.fitted(opened, to: named?.1.classNames ?? [])
    for remark in opened.remarks + remarks { Terminal().say("\(data): \(remark)") }
    let broken = BrokenImages(labels.rule)
    let evaluator = Evaluator(
      dataset, teachers: teachers.map(\.evaluated), metrics: registry.metrics,
      batchSize: batchSize, device: device,
      loading: LoaderOptions(
        workers: loading.threads, decoder: decoding.decoder, broken: broken))
    let (evaluation, detail) = try evaluator.detailed(student.evaluated)
    let names = dataset.classNamesAreNumbers ? student.classNames : dataset.classNames
    let comparison = Comparison(
      evaluation, metrics: registry.metrics,
      student: EvaluatedNetwork(student.network, student.preprocessing, evaluation),
      teacher: EvaluatedNetwork(
        teachers: teachers.map { ($0.network, $0.preprocessing) }, evaluation),
      detail: detail, classNames: names)
    for report in broken.takeReports() {
      Terminal().say("skipped: \(report)")
    }
    if json { return print(try JSONText.line(comparison)) }
    print(comparison.table)
    print(comparison.details)
  }

  /// A network of a file, frozen.
  private struct Subject {
    let network: any Classifier
    let preprocessing: EvaluationPreprocessing
    let classNames: [String]
    let precision: DType

    var evaluated: EvaluatedModel {
      EvaluatedModel(network, preprocessing, precision: precision)
    }
  }

  private func load(
    _ path: String, _ batchSize: Int, on device: Device, _ registry: Registry,
    isTeacher: Bool = false
  ) throws -> Subject {
    let file = try ModelFile.classifier(path, registry)
    let preprocessing = try file.knownPreprocessing(path)
    let network = try inference.freeze(
      file, height: preprocessing.crop, width: preprocessing.crop,
      isTeacher: isTeacher, preprocessing: { preprocessing }, batchSize: batchSize, device: device,
      images.datasets(registry),
      LoaderOptions(workers: loading.threads, decoder: decoding.decoder))
    return Subject(
      network: network, preprocessing: preprocessing, classNames: file.classNames,
      precision: inference.precision.dtype)
  }
}
