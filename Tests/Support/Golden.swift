import Foundation
import FunMatchTorch

/// The files that big_vision itself made (see the README among them), against which numbers are
/// checked.
public enum Golden {
  /// The environment's `FUNMATCH_GOLDEN`, else `shared/golden` beside the package, else
  /// `Tests/Golden` within it.
  public static let directory: String = {
    if let named = ProcessInfo.processInfo.environment["FUNMATCH_GOLDEN"], !named.isEmpty {
      return named
    }
    let package = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let shared = package.deletingLastPathComponent().appendingPathComponent("shared/golden").path
    return FileManager.default.fileExists(atPath: shared)
      ? shared : package.appendingPathComponent("Tests/Golden").path
  }()

  /// Where a golden file is.
  public static func path(_ file: String) -> String {
    (directory as NSString).appendingPathComponent(file)
  }

  /// Every array of a golden `.npz` file, by name.
  public static func npz(_ file: String) throws -> [String: Tensor] {
    Dictionary(uniqueKeysWithValues: try NpzFile(path(file)).readAll().map { ($0.name, $0.tensor) })
  }

  /// The array of a golden `.npy` file.
  public static func npy(_ file: String) throws -> Tensor { try Npy.read(path(file)) }

  /// The object of a golden JSON file.
  public static func json(_ file: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path(file)))
    guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw TorchError("'\(path(file))': expected a JSON object")
    }
    return object
  }
}
