import FunMatchImages
import FunMatchModels

/// A network that is asked, and what its file tells of it.
struct LoadedTeacher {
  let network: any Classifier
  /// Names of its classes; empty where nobody knows them.
  let classNames: [String]
  /// How images are prepared for it at evaluation; `nil` where nobody knows.
  let preprocessing: EvaluationPreprocessing?
  /// What its logits depend on beside the bytes of its file.
  let identity: [String]

  init(_ file: ModelFile) throws {
    network = file.model
    classNames = file.classNames
    preprocessing = file.preprocessing
    identity =
      ["model \(try JSONLine.text(file.spec))"]
      // Targets that were computed before scaling was the network's own stay valid.
      + (file.model.input.isOfficial ? [] : ["input \(try JSONLine.text(file.model.input))"])
  }

  init(_ classifier: ProgramClassifier, _ program: Recipe.Program) throws {
    network = classifier
    classNames = program.classNames
    preprocessing = nil
    identity = ["program, input \(try JSONLine.text(program.input))"]
  }
}
