import Foundation
import FunMatchFrozen
import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// What is done to find OpenVINO, and what is said where it cannot be used.
struct OpenVINOTests {
  private static let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
  private static let headers = package + "/.deps/openvino/include"
  private static let compiler = ["/usr/bin/gcc", "/usr/bin/clang", "/usr/bin/cc"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// A function that is called with another list of parameters than it has would corrupt memory.
  @Test(
    .enabled(
      if: compiler != nil && FileManager.default.fileExists(atPath: headers),
      "no headers, or no compiler"))
  func declarationsAreThoseOfItsHeaders() throws {
    let compiler = try #require(Self.compiler)
    func compile(_ file: String) throws -> (status: Int32, errors: String) {
      let (status, _, errors) = try Python.run(
        compiler,
        [
          "-fsyntax-only", "-Wall", "-Werror", "-I", Self.headers, "-I",
          Self.package + "/Sources/COpenVINO/include", file,
        ])
      return (status, String(decoding: errors.suffix(2000), as: UTF8.self))
    }
    let file = Self.package + "/Tests/FrozenTests/compare_headers.c"
    let result = try compile(file)
    #expect(result.status == 0, "\(result.errors)")
    // It finds a difference where there is one.
    let folder = try TemporaryFolder()
    let text = try String(contentsOfFile: file, encoding: .utf8)
      .replacing("COV_FUNCTIONS(SAME)", with: "SAME(void, ov_core_create, (ov_core_t *))")
    let other = try compile(folder.write("other.c", Array(text.utf8)))
    #expect(other.status != 0 && other.errors.contains("ov_core_create"), "\(other.errors)")
  }

  @Test func whatOpenVINOCannotDoIsLeftToLibtorchOrRefused() throws {
    func network() throws -> any Model { try FrozenNetworkTests.network("bit-r50x1") }
    func freeze(_ engine: Engine, _ precision: DType, _ device: Device = .cpu) throws -> Frozen {
      try engine.freeze(
        network(), height: 32, width: 32, precision: precision, batchSize: 2, device: device)
    }
    let libtorch = try freeze(.libtorch, .f32)
    #expect(libtorch.engine == .libtorch && libtorch.reason == nil && libtorch.identity.isEmpty)
    #expect(libtorch.environment.contains("libtorch: \(Torch.version)"))
    let auto = try freeze(.auto, .f32)
    guard OpenVINO.atHand != nil else {
      #expect(auto.engine == .libtorch && auto.reason?.contains("OpenVINO") == true)
      #expect(throws: TorchError.self) { try freeze(.openvino, .f32) }
      return
    }
    #expect(auto.engine == .openvino && auto.reason == nil)
    #expect(auto.identity == ["engine: openvino"])
    let frozen = try network()
    frozen.freeze(on: .cpu, .f32)
    let text = message {
      _ = try Engine.openvino.freeze(
        frozen, height: 32, width: 32, precision: .f32, batchSize: 2, device: .cpu)
    }
    #expect(text?.contains("frozen") == true)
    let cuda = message { _ = try freeze(.openvino, .f32, .cuda(0)) }
    #expect(cuda?.contains("on the CPU alone, not on cuda:0") == true)
  }
}
