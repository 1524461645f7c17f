import FunMatchTestSupport
import FunMatchTorch
import Testing

@Suite struct EngineTests {
  @Test func tellsWhatItIs() {
    #expect(Torch.version.split(separator: ".").count >= 2)
    #expect(!Torch.cpuCapability.isEmpty)
    #expect(Torch.threads >= 1)
    #expect(Device.cpu.count == 1)
  }

  @Test func devicesHaveNames() throws {
    #expect(try Device(named: "cpu") == .cpu)
    #expect(try Device(named: "auto") == .automatic)
    for name in ["", "gpu", "cpu:0", "cuda:x", "cuda:-1", "auto:1"] {
      let text = message { _ = try Device(named: name) }
      #expect(text?.contains("unknown device '\(name)'") == true, "\(name): \(text ?? "no error")")
    }
    let absent = message { _ = try Device(named: "cuda:99") }
    #expect(absent?.contains("no device 'cuda:99'") == true)
    #expect(Device.cuda(1).description == "cuda:1" && Device.cpu.description == "cpu")
  }

  /// The number of threads belongs to the process, so it is changed in one of its own.
  @Test func ownKernelsRunOnAllThreads() async {
    await #expect(processExitsWith: .success) {
      #expect(Torch.kernelThreads == Torch.threads)
      for count in [1, 2, 3] {
        Torch.threads = count
        #expect(Torch.threads == count)
        #expect(Torch.kernelThreads == count)
      }
    }
  }

  @Test func sumsDoNotDependOnThreads() async {
    await #expect(processExitsWith: .success) {
      Torch.manualSeed(5)
      let tensor = Tensor.randn([1_000_003])
      let sums = [1, 2, 3, 5].map { count in
        Torch.threads = count
        return tensor.sumOfSquares
      }
      #expect(Set(sums).count == 1)
    }
  }

  @Test func seedsDecideWhatRandnDraws() async {
    await #expect(processExitsWith: .success) {
      let draw = { (seed: UInt64) in
        Torch.manualSeed(seed)
        return Tensor.randn([1000])
      }
      let first = draw(1)
      #expect(same(draw(1), first))
      #expect(!same(draw(2), first))
      #expect(!same(Tensor.randn([1000]), Tensor.randn([1000])))
      #expect(abs(first.mean().item) < 0.15 && abs(first.squared().mean().item - 1) < 0.2)
    }
  }

  /// Counts every tensor of the process, so it needs one of its own.
  @Test func handlesAreGivenBack() async {
    await #expect(processExitsWith: .success) {
      let work = {
        let x = Fixture.tensor([2, 4, 8, 8])
        let w = Fixture.tensor([4, 4, 3, 3])
        w.requiresGradient = true
        for _ in 0..<3 {
          let y = withAutocast(.bf16, on: .cpu) { x.conv2d(w, padding: 1).relu() }
          let loss = y.to(.f32).sum() - withInference { x.mean() }
          loss.backward()
          _ = w.gradient?.sumOfSquares
          w.clearGradient()
          _ = y.detached().sum().shape
        }
        _ = try SafetensorsFile(Fixture.path("official.safetensors")).readAll()
        _ = try NpzFile(Fixture.path("deflated.npz")).readAll()
        _ = try Npy.read(Fixture.path("f4_fortran.npy"))
        _ = message { _ = try NpzFile(Fixture.path("bad_longer.npz")).readAll() }
        let folder = try TemporaryFolder()
        try Npz.write([("a", x)], to: folder.file("a.npz"))
        try? Npz.write([("a", x), ("a", x)], to: folder.file("b.npz"))
        try? Npz.write([("a", x)], to: folder.file("no/c.npz"))
      }
      let start = Torch.liveTensors
      try work()
      #expect(Torch.liveTensors == start)
      let kept = Tensor.ones([1])
      #expect(Torch.liveTensors == start + 1)
      withExtendedLifetime(kept) {}
    }
  }

  @Test func aFailingOperatorPrintsASentenceAndExits() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(1), observing: [\.standardErrorContent]
    ) {
      _ = Tensor.ones([2, 3]).matmul(Tensor.ones([4, 5], dtype: .f64))
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    let sentence = try #require(text.split(separator: "\n").first { $0.contains("matmul") })
    #expect(sentence.hasPrefix("funmatch: matmul of [2, 3] f32, [4, 5] f64 failed: "))
    #expect(text.contains("C++ exception") == false && text.contains("0x") == false)
  }
}
