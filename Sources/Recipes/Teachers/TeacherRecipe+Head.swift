import FunMatchFiles
import FunMatchModels

extension TeacherRecipe {
  /// What the features of a head are that belongs to this program or ONNX file; `nil` for weights, which have their own.
  ///
  /// - Parameter checksum: SHA-256 of the file.
  package func headOrigin(checksum: String) throws -> ProgramHead.Origin? {
    switch source {
    case .weights: nil
    case .program(let program, _):
      ProgramHead.Origin(
        program: checksum, input: try JSONText.line(program.input),
        outputs: program.outputs ?? .logits)
    case .onnx(let file):
      ProgramHead.Origin(
        program: checksum, input: try JSONText.line(file.input), outputs: file.outputs ?? .logits)
    }
  }
}
