internal import COpenVINO
import Foundation
import FunMatchTorch

/// OpenVINO's library, opened when it is first needed.
///
/// Its functions may be called on any thread, and none is ever changed.
public struct OpenVINO: @unchecked Sendable {
  /// Its version, such as `2026.4.1`.
  public let version: String
  /// What it can compute in at full speed here, such as `FP32 FP16 BF16 INT8`.
  public let capabilities: [String]
  let functions: cov_functions
  let core: OpaquePointer

  /// Versions that the tests were run with; what others compute nobody knows.
  public static let tried = ["2026.4"]

  /// The one that is at hand: in the folder `OPENVINO` (a wheel's `openvino`, or an archive's `runtime`), else in `lib`
  /// beside the program, else where `make setup` puts it. Fails in one sentence where there is none, or one that was not
  /// tried.
  public static let found = Result<OpenVINO, TorchError> { () throws(TorchError) in
    guard let path = library() else {
      let named = ProcessInfo.processInfo.environment["OPENVINO"]
      throw TorchError(
        named.map { "OPENVINO is \($0), where no libopenvino_c is" }
          ?? "OpenVINO is not here (`make setup` fetches it)")
    }
    return try OpenVINO(path: path)
  }

  /// It, where there is one that can be used.
  public static var atHand: OpenVINO? { try? found.get() }

  private init(path: String) throws(TorchError) {
    var functions = cov_functions()
    if let reason = cov_open(path, &functions) {
      throw TorchError("\(path) cannot be opened: \(String(cString: reason))")
    }
    var version = cov_version()
    var core: OpaquePointer?
    guard functions.ov_get_openvino_version(&version) == 0, let build = version.build else {
      throw TorchError("\(path) does not tell its version")
    }
    let text = String(cString: build)
    functions.ov_version_free(&version)
    self.version = String(text.prefix { $0 != "-" })
    let known = Self.tried
    guard known.contains(where: { text.hasPrefix($0 + ".") }) else {
      throw TorchError(
        "\(path) is OpenVINO \(self.version), which was not tried; \(known.joined(separator: ", ")) were"
      )
    }
    guard functions.ov_core_create(&core) == 0, let core else {
      throw TorchError("\(path) does not start: \(Self.lastError(functions))")
    }
    self.functions = functions
    self.core = core
    let isRead = withUnsafePointer(to: functions) { cov_read_whole_files($0, core) } == 0
    guard isRead else {
      throw TorchError("\(path) maps files into memory: \(Self.lastError(functions))")
    }
    var words: UnsafeMutablePointer<CChar>?
    guard functions.ov_core_get_property(core, "CPU", "OPTIMIZATION_CAPABILITIES", &words) == 0,
      let words
    else {
      throw TorchError("\(path) has nothing for this CPU: \(Self.lastError(functions))")
    }
    capabilities = String(cString: words).split(separator: " ").map(String.init)
    functions.ov_free(words)
  }

  /// Why something could not be done, in one sentence: want of memory in the words that libtorch's has, all else behind
  /// `words`.
  func failure(_ operation: String, _ words: String) -> TorchError {
    let reason = Self.reason(functions)
    return TorchError(
      TorchError.shortage(operation, reason) ?? "\(words): \(reason.prefix(Self.longest))")
  }

  /// More of its words help nobody.
  private static let longest = 600

  private static func lastError(_ functions: cov_functions) -> String {
    String(reason(functions).prefix(longest))
  }

  private static func reason(_ functions: cov_functions) -> String {
    guard let words = functions.ov_get_last_err_msg() else { return "no reason is given" }
    defer { functions.ov_free(words) }
    let lines = String(cString: words).split(whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    return lines.joined(separator: "; ")
  }

  // MARK: Where it is

  private static func library() -> String? {
    let environment = ProcessInfo.processInfo.environment
    if let named = environment["OPENVINO"], !named.isEmpty {
      return ["libs", "lib/intel64", "lib/aarch64", "lib/arm64/Release", "lib", "."].lazy
        .compactMap { library(in: named + "/" + $0) }.first
    }
    guard let program = Bundle.main.executableURL?.resolvingSymlinksInPath() else { return nil }
    var folder = program.deletingLastPathComponent()
    if let found = library(in: folder.path + "/lib") { return found }
    while folder.path != "/" {
      if let found = library(in: folder.path + "/.deps/openvino/libs") { return found }
      folder.deleteLastPathComponent()
    }
    return nil
  }

  /// Names in a wheel end in a version.
  private static func library(in folder: String) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter {
      $0.hasPrefix("libopenvino_c.so") || ($0.hasPrefix("libopenvino_c.") && $0.hasSuffix("dylib"))
    }.sorted().first.map { folder + "/" + $0 }
  }
}
