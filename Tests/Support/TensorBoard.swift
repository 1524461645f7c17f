import Foundation

/// TensorBoard's own reader of event files, where a Python with it is at hand: the one that `make
/// test` fetches, or the one that FUNMATCH_PYTHON names.
public enum TensorBoard {
  /// The Python.
  public static let python = Python.first(
    with: ["-c", "import tensorboard"], environment: "tensorboard")

  /// All points by tag, as TensorBoard shows them: step, value, wall time. `nil` when it fails.
  public static func series(_ folder: String) throws -> [String: [[Double]]]? {
    let script = Python.scripts.appendingPathComponent("read_events.py").path
    guard let python, case (0, let output, _) = try Python.run(python, [script, folder]) else {
      return nil
    }
    return try JSONDecoder().decode([String: [[Double]]].self, from: output)
  }

  /// What its HParams plugin shows of a folder of runs: the lines that `read_hparams.py` prints.
  /// `nil` when it fails.
  public static func hyperparameters(_ folder: String) throws -> [String]? {
    let script = Python.scripts.appendingPathComponent("read_hparams.py").path
    guard let python, case (0, let output, _) = try Python.run(python, [script, folder]) else {
      return nil
    }
    return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
