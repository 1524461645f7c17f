import Foundation
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Files of tensors on disks that are full, and on devices.
struct FullDiskTests {
  /// A limit on file sizes stands for a full disk: writing stops in the middle with an error.
  @Test func aFullDiskLeavesNothingBehind() async {
    await #expect(processExitsWith: .success) {
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 64 << 10, rlim_max: 64 << 10)
      #if os(Linux)
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      #else
        #expect(setrlimit(RLIMIT_FSIZE, &limit) == 0)
      #endif
      let folder = try TemporaryFolder()
      let large = Tensor.ones([64, 1024])
      let path = folder.file("x")
      let writers: [() throws -> Void] = [
        { try Npy.write(large, to: path) },
        { try Npz.write([("a", .ones([1])), ("b", large)], to: path) },
        { try Safetensors.write([("a", .ones([1])), ("b", large)], to: path) },
      ]
      for write in writers {
        let text = message(write)
        #expect(text?.hasPrefix("cannot write '\(path)': ") == true, "\(text ?? "no error")")
        #expect(text?.hasSuffix("File too large") == true, "\(text ?? "no error")")
        #expect(try folder.contents == [])
      }
    }
  }

  #if os(Linux)
    @Test func archivesGoToNoDevice() {
      let text = message { try Npz.write([("a", .ones([1]))], to: "/dev/null") }
      #expect(text?.contains("a device") == true, "\(text ?? "no error")")
    }
  #endif
}
