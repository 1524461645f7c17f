import FunMatchModels
import FunMatchSettings
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Names of weights that were saved from within something.
struct WeightNamesTests {
  private func imported(_ path: String, prefix: String? = nil) throws -> WeightImport {
    var options = WeightOptions()
    options.prefix = prefix
    return try WeightImport(path: path, spec: nil, options: options)
  }

  @Test(arguments: [
    "", "module.", "_orig_mod.", "model.", "module._orig_mod.", "_orig_mod.module.",
    "model._orig_mod.", "model.module.", "model.model.", "module.module.", "backbone.", "net.",
    "network.", "student.", "encoder.", "timm_model.", "model.student._orig_mod.module.",
    "_fsdp_wrapped_module._checkpoint_wrapped_module.",
  ])
  func wrappersAreLeftOut(prefix: String) throws {
    let kinds = try WeightFileKinds()
    let path = try kinds.write(kinds.arrays) { prefix + $0 }
    for spec in [nil, kinds.spec.headless] {
      let found = try WeightImport(path: path, spec: spec)
      #expect(found.file.spec == kinds.spec)
      #expect(kinds.difference(found.file) == 0)
    }
  }

  /// Of blocks that were compiled or wrapped one by one.
  @Test func wrappersAreLeftOutWithinNames() throws {
    let kinds = try WeightFileKinds()
    let path = try kinds.write(kinds.arrays) { name in
      name.replacing("blocks.2.0.", with: "blocks.2._orig_mod.0.module.")
        .replacing("bn1.", with: "module.bn1.")
    }
    #expect(try kinds.difference(imported(path).file) == 0)
  }

  @Test func countersAreLeftOut() throws {
    let kinds = try WeightFileKinds()
    let one = Tensor([1] as [Int64])
    let path = try kinds.write(
      kinds.arrays,
      [
        ("n_averaged", one), ("total_ops", one), ("module.blocks.0.total_params", one),
        ("module.bn1.num_batches_tracked", one),
      ]
    ) { "module." + $0 }
    #expect(try kinds.difference(imported(path).file) == 0)
  }

  @Test func whatStoodBeforeNamesIsTold() throws {
    let kinds = try WeightFileKinds()
    let path = try kinds.write(kinds.arrays) { "model.net.module." + $0 }
    #expect(try imported(path).places == ["prefix model.net."])
    #expect(try imported(kinds.write(kinds.arrays)).places.isEmpty)
  }

  @Test func arraysBesideTheNetworkAreToldAndLeftOutWhereAPrefixIsSaid() throws {
    let kinds = try WeightFileKinds()
    let path = try kinds.write(kinds.arrays, [("criterion.weight", Tensor.ones([3]))]) {
      "model.module." + $0
    }
    for spec in [nil, kinds.spec] {
      let text = message { _ = try WeightImport(path: path, spec: spec) }
      #expect(
        text
          == "\(path): holds a network under model. and beside it criterion.weight; "
          + "`funmatch import --prefix model.` leaves that out, in a recipe `prefix: model.` beside `weights`"
      )
    }
    for prefix in ["model.", "model", "model.module.", "model.module"] {
      #expect(try kinds.difference(imported(path, prefix: prefix).file) == 0, "\(prefix)")
    }
  }

  @Test func severalNetworksAreNamedAndAPrefixSaysWhichIsMeant() throws {
    let kinds = try WeightFileKinds()
    let others = kinds.arrays.map { (name: "model.teacher." + $0.name, tensor: $0.tensor * 2) }
    let path = try kinds.write(kinds.arrays, others) { "model.student." + $0 }
    let text = message { _ = try imported(path) }
    #expect(
      text?.contains(
        "several networks, under model.student., model.teacher.; `funmatch import --prefix")
        == true, "\(text ?? "no error")")
    #expect(text?.hasSuffix("in a recipe `prefix: model.student.` beside `weights`") == true)
    #expect(try kinds.difference(imported(path, prefix: "model.student").file) == 0)
    let teacher = try imported(path, prefix: "model.teacher.").file
    let head = try #require(teacher.model.store[kinds.head])
    #expect(head.value.array(as: Float.self).allSatisfy { $0 == 1 })
    let wrong = message { _ = try imported(path, prefix: "ema") }
    #expect(wrong == "\(path): no name begins with 'ema.'; they begin with model.")
  }

  /// Two arrays of one name are worse than a prefix.
  @Test func namesThatWouldBecomeTheSameStay() throws {
    let kinds = try WeightFileKinds()
    let more = kinds.arrays.map { (name: "module." + $0.name, tensor: $0.tensor * 2) }
    let path = try kinds.write(kinds.arrays, more)
    let text = message { _ = try imported(path) }
    #expect(text?.contains("no known network has in all") == true, "\(text ?? "no error")")
    let part = try imported(path, prefix: "module").file
    #expect(try #require(part.model.store[kinds.head]).value.array(as: Float.self).first == 1)
  }

  /// A family that is content with a name that many networks have within.
  @Test func partsOfANetworkAreNoNetworks() throws {
    let kinds = try WeightFileKinds("resnetv2_50x1_bit")
    let path = try kinds.write(kinds.arrays) { "model." + $0 }
    let registry = Registry.standard.adding(family: OtherFamily.self)
    #expect(kinds.arrays.contains { $0.name.hasSuffix(".downsample.conv.weight") })
    let found = try WeightImport(path: path, spec: nil, registry: registry)
    #expect(found.places == ["prefix model."] && kinds.difference(found.file) == 0)
  }

  @Test func anUnknownNetworkStaysUnknownBehindAnyPrefix() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("w.safetensors")
    try Safetensors.write(
      [("model.a.weight", Tensor.ones([2, 2])), ("model.b.weight", Tensor.ones([2]))],
      metadata: [:], to: path)
    let text = message { _ = try imported(path) }
    #expect(text?.contains("no family of networks here") == true)
    #expect(message { _ = try imported(path, prefix: "model") }?.contains("no family") == true)
    var options = WeightOptions()
    options.key = "state_dict"
    let key = message { _ = try WeightImport(path: path, spec: nil, options: options) }
    #expect(key?.hasSuffix("--key is not for it, nor is `key` in a recipe") == true)
  }
}
