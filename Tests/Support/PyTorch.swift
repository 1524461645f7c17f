import Foundation
import FunMatchTorch

/// PyTorch, timm and ONNX Runtime, where a Python with them is at hand: the one that `make test`
/// fetches, or the one that FUNMATCH_PYTHON names.
public enum PyTorch {
  /// The Python.
  public static let python = Python.first(
    with: [Python.scripts.appendingPathComponent("import_pytorch.py").path],
    environment: "pytorch")

  /// Whether PyTorch can compile here as well, which takes a C++ compiler.
  public static var compiles: Bool {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return python != nil
      && folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/g++") }
  }

  /// How far others may be from the logits that `save_programs.py` left in a folder, relative to the
  /// largest.
  public static func tolerance(_ folder: TemporaryFolder) throws -> Double {
    let deviation = try Npy.read(folder.file("deviation.npy")).item
    return deviationsAllowed * max(deviation, Double(Float.ulpOfOne))
  }

  /// Runs a script of this folder and returns what it prints.
  ///
  /// - Throws: `TorchError` with what it says on standard error, when it fails.
  @discardableResult
  public static func run(script: String, arguments: [String]) throws -> String {
    guard let python else { throw TorchError("no Python with PyTorch") }
    let path = Python.scripts.appendingPathComponent(script).path
    let (status, output, errors) = try Python.run(python, [path] + arguments)
    guard status == 0 else {
      let words = [output, errors].map { String(decoding: $0.suffix(2000), as: UTF8.self) }
      throw TorchError("\(script) failed: \(words.joined(separator: "\n"))")
    }
    return String(decoding: output, as: UTF8.self)
  }
}
