import FunMatchTorch
import Testing

/// libtorch's words for want of memory, on several devices, and OpenVINO's.
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
      (
        "Exception from src/inference/src/cpp/core.cpp:112:; Failed to allocate 1048576 bytes of memory",
        1_048_576
      ),
      ("Exception from src/inference/src/dev/plugin.cpp:54:; can't alloc", nil),
      ("Failed to allocate memory", nil), ("could not create a memory object", nil),
      ("Requested allocation size { 9223372036854775808 } exceeds PTRDIFF_MAX.", nil),
      ("Failed to commit memory for LazyBuffer. Error: 12", nil),
    ] as [(String, Int?)])
  func isUnderstood(message: String, wanted: Int?) {
    #expect(TorchError.isOutOfMemory(message))
    #expect(TorchError.bytesWanted(message) == wanted)
  }

  @Test(
    arguments: [
      "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)",
      "Failed to allocate required number of vector registers", "Failed to allocate aux GPR",
      "could not get a memory descriptor from a memory object",
    ])
  func othersAreNot(message: String) {
    #expect(!TorchError.isOutOfMemory(message) && TorchError.bytesWanted(message) == nil)
    #expect(TorchError.shortage("a pass", message) == nil)
  }

  @Test func theSentenceSaysWhatHelps() {
    let sentence = TorchError.shortage(
      "a forward pass of OpenVINO", "Failed to allocate 1048576 bytes of memory")
    #expect(
      sentence
        == "there is not enough memory for a forward pass of OpenVINO (1.0 MB more were wanted); fewer images at a "
        + "time take less, in a recipe microBatchSize, and so does a smaller resolution")
  }
}
