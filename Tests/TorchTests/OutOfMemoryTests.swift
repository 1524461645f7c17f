import FunMatchTorch
import Testing

/// libtorch's words for want of memory, on several devices.
struct OutOfMemoryTests {
  @Test(
    arguments: [
      (
        "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 157286400000 bytes. Error code 12 (Cannot allocate memory)",
        157_286_400_000
      ),
      (
        "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 15.77 GiB",
        2_684_354_560
      ),
      ("MPS backend out of memory (MPS allocated: 1 GB). Tried to allocate 512 bytes on", 512),
      ("std::bad_alloc", nil),
    ] as [(String, Int?)])
  func isUnderstood(message: String, wanted: Int?) {
    #expect(TorchError.isOutOfMemory(message))
    #expect(TorchError.bytesWanted(message) == wanted)
  }

  @Test func othersAreNot() {
    let message = "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"
    #expect(!TorchError.isOutOfMemory(message) && TorchError.bytesWanted(message) == nil)
  }
}
