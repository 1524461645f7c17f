import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Files whose last layer is missing, called otherwise or for other classes.
struct WeightHeadTests {
  private func imported(
    _ path: String, _ spec: ModelSpec? = nil, newHead: Int? = nil, prefix: String? = nil
  ) throws -> WeightImport {
    var options = WeightOptions()
    (options.newHead, options.prefix) = (newHead, prefix)
    return try WeightImport(path: path, spec: spec, options: options)
  }

  private static let networks = [
    "mobilenetv3_small_050", "resnet18", "vit_tiny_patch16_224", "tf_efficientnet_lite0",
    "resnetv2_50x1_bit",
  ]

  @Test(arguments: networks)
  func aMissingHeadIsToldAndANewOneTakesItsPlace(network: String) throws {
    let kinds = try WeightFileKinds(network)
    let whole = try imported(kinds.write(kinds.arrays)).file.spec
    let path = try kinds.write(kinds.body)
    for spec in [nil, kinds.spec.headless, kinds.spec] {
      let text = message { _ = try imported(path, spec) } ?? ""
      #expect(
        text.hasPrefix("\(path): \(kinds.head) is missing: the file has no head")
          && text.contains("--head drop --classes N"), "\(text)")
    }
    for spec in [nil, kinds.spec.headless] {
      let file = try imported(path, spec, newHead: 7).file
      #expect(file.spec.headless == whole.headless && file.model.classes == 7)
      #expect(file.hasUntrainedHead && kinds.difference(file) == 0)
      #expect(file.model.head.allSatisfy { $0.value.sumOfSquares == 0 })
    }
  }

  @Test func whatTakesTheHeadsPlaceMayBeLarge() throws {
    let kinds = try WeightFileKinds()
    let path = try kinds.write(kinds.body)
    #expect(try imported(path, kinds.spec.headless, newHead: 20_000).file.model.classes == 20_000)
  }

  @Test(arguments: [
    "classifier.1", "classifier.fc", "head.fc", "fc", "head", "last_linear", "my.own.layer",
  ])
  func aHeadUnderAnotherNameIsFound(name: String) throws {
    let kinds = try WeightFileKinds()
    for (prefix, shape) in [("", [3, 1024]), ("backbone.", [3, 1024, 1, 1])] {
      let head = [
        (name: name + ".weight", tensor: (Tensor.ones([3, 1024]) * 0.5).reshaped(shape)),
        (name: name + ".bias", tensor: Tensor.ones([3]) * 0.5),
      ]
      let path = try kinds.write(kinds.body, head) { prefix + $0 }
      for spec in [nil, kinds.spec.headless] {
        let found = try imported(path, spec)
        #expect(found.file.spec == kinds.spec && kinds.difference(found.file) == 0)
        #expect(!found.file.hasUntrainedHead)
        #expect(found.places.last == "head \(name).weight")
      }
    }
  }

  /// Not of the network's features, without its bias, two layers, or beside the right one.
  @Test(arguments: [
    [("fc.weight", [3, 1000]), ("fc.bias", [3])], [("fc.weight", [3, 1024])],
    [("fc.weight", [3, 1024]), ("fc.bias", [4])],
    [
      ("fc.0.weight", [8, 1024]), ("fc.0.bias", [8]), ("fc.2.weight", [3, 8]), ("fc.2.bias", [3]),
    ],
  ])
  func whatIsNoHeadIsTold(others: [(String, [Int])]) throws {
    let kinds = try WeightFileKinds()
    let path = try kinds.write(
      kinds.body, others.map { (name: $0.0, tensor: Tensor.ones($0.1)) })
    let text = message { _ = try imported(path) } ?? ""
    #expect(
      text.contains("classifier.weight is missing")
        && text.contains("in its place are ") && text.contains("\(others[0].0) \(others[0].1)"),
      "\(text)")
    let file = try imported(path, newHead: 2).file
    #expect(file.model.classes == 2 && kinds.difference(file) == 0)
  }

  @Test func aHeadOfOtherClassesIsTold() throws {
    let kinds = try WeightFileKinds()
    var spec = kinds.spec
    spec.classes = 10
    for path in [
      try kinds.write(kinds.arrays),
      try kinds.write(kinds.arrays, to: "other") { $0.replacing("classifier", with: "fc") },
    ] {
      let text = message { _ = try imported(path, spec) } ?? ""
      #expect(text.contains("the head has 3 classes, and not 10"), "\(text)")
      #expect(text.contains("--head drop --classes 10"), "\(text)")
      #expect(try imported(path, newHead: 10).file.spec == spec)
    }
  }

  @Test func aPartOfAnotherBodyIsNoHeadToBeDropped() throws {
    let kinds = try WeightFileKinds()
    for name in ["blocks.1.0.se.weight", "fc_norm.weight", "reg_token"] {
      let path = try kinds.write(kinds.arrays, [(name, Tensor.ones([3]))])
      let text = message { _ = try imported(path, newHead: 2) } ?? ""
      #expect(text.contains("\(name) is not part of it"), "\(text)")
    }
    // Beside the network, anything is.
    let path = try kinds.write(
      kinds.body, [("queue", Tensor.ones([3])), ("projector.0.weight", Tensor.ones([2, 1024]))]
    ) { "encoder." + $0 }
    #expect(try kinds.difference(imported(path, newHead: 2).file) == 0)
  }

  @Test func ourOwnFilesKeepWhatTheyTellAndGetANewHead() throws {
    let kinds = try WeightFileKinds()
    let path = try kinds.write(kinds.body)
    try imported(path, newHead: 5).file.write(to: kinds.folder.file("new.safetensors"))
    let new = try ModelFile(path: kinds.folder.file("new.safetensors"))
    #expect(new.hasUntrainedHead && new.model.classes == 5)
    // Copied as it is, it stays what it was.
    #expect(try imported(kinds.folder.file("new.safetensors")).file.hasUntrainedHead)
    let trained = ModelFile(
      model: new.model, spec: new.spec, classNames: ["a", "b", "c", "d", "e"])
    try trained.write(to: kinds.folder.file("old.safetensors"))
    #expect(try !ModelFile(path: kinds.folder.file("old.safetensors")).hasUntrainedHead)
    let again = try imported(kinds.folder.file("old.safetensors"), newHead: 2).file
    #expect(again.hasUntrainedHead && again.model.classes == 2 && again.classNames.isEmpty)
    let other = try ModelSpec(named: "mobilenetv3_small_075")
    let text = message { _ = try imported(kinds.folder.file("old.safetensors"), other, newHead: 2) }
    #expect(text?.contains("that is named") == true)
  }
}
