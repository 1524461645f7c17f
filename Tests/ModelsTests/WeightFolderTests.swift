import Foundation
import FunMatchImages
import FunMatchModels
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// Folders as Hugging Face has them, with timm's `config.json`.
struct WeightFolderTests {
  private let kinds: WeightFileKinds
  private let folder: TemporaryFolder

  init() throws {
    kinds = try WeightFileKinds()
    folder = kinds.folder
  }

  private static let pretrained =
    #""pretrained_cfg": {"input_size": [3, 160, 160], "interpolation": "bilinear", "crop_pct": 0.9, "#
    + #""crop_mode": "center", "mean": [0.5, 0.25, 0], "std": [0.5, 0.25, 1], "num_classes": 1000}"#

  private func config(_ keys: String...) throws {
    _ = try folder.write("config.json", Array("{\(keys.joined(separator: ", "))}".utf8))
  }

  private let architecture = #""architecture": "mobilenetv3_small_050.lamb_in1k", "num_classes": 3"#

  private func imported(
    _ spec: ModelSpec? = nil, _ options: WeightOptions = WeightOptions()
  ) throws -> ModelFile {
    try WeightImport(path: folder.path, spec: spec, options: options).file
  }

  @Test func aConfigTellsNetworkClassesScalingAndSize() throws {
    _ = try kinds.write(kinds.arrays, to: "model.safetensors")
    try config(
      architecture, #""global_pool": "avg", "label_names": ["a", "b", "c"]"#, Self.pretrained)
    let file = try imported()
    #expect(file.spec == kinds.spec && kinds.difference(file) == 0)
    #expect(file.classNames == ["a", "b", "c"])
    #expect(file.model.input == InputScaling(mean: [0.5, 0.25, 0], std: [0.5, 0.25, 1]))
    // As timm: floor(160 / 0.9).
    #expect(
      file.preprocessing
        == EvaluationPreprocessing(resize: 177, crop: 160, interpolation: .bilinear))
    // What is said wins.
    var options = WeightOptions()
    (options.input, options.ignoresPreprocessing) = (.official, true)
    let other = try imported(nil, options)
    #expect(other.model.input == .official && other.preprocessing == nil)
    options.newHead = 2
    #expect(try imported(nil, options).classNames.isEmpty)
  }

  /// timm's older files have all keys in one object; what is left out is as in timm.
  @Test func olderConfigsAreRead() throws {
    _ = try kinds.write(kinds.arrays, to: "model.safetensors")
    try config(
      #""architecture": "mobilenetv3_small_050", "num_classes": 3, "input_size": [3, 192, 192]"#,
      #""mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "label_descriptions": ["x", "y", "z"]"#)
    let file = try imported()
    #expect(file.model.input == .official && file.classNames == ["x", "y", "z"])
    #expect(
      file.preprocessing
        == EvaluationPreprocessing(resize: 219, crop: 192, interpolation: .bicubic))
    try config(
      architecture,
      #""label_names": {"2": "z", "0": "x", "1": "y"}, "label_descriptions": {"x": "an x"}"#)
    #expect(try imported().classNames == ["x", "y", "z"])
    try config(architecture, #""label_descriptions": {"x": "an x"}, "pretrained_cfg": {}"#)
    #expect(try imported().classNames.isEmpty)
    #expect(try imported().model.input == .imageNet)
    #expect(
      try imported().preprocessing
        == EvaluationPreprocessing(resize: 256, crop: 224, interpolation: .bicubic))
  }

  @Test func aFolderMayHoldShardsOrNoConfig() throws {
    _ = try kinds.write(Array(kinds.arrays.prefix(100)), to: "model-1.safetensors")
    _ = try kinds.write(Array(kinds.arrays.dropFirst(100)), to: "model-2.safetensors")
    let map = kinds.arrays.enumerated().map {
      "\"\($1.name)\": \"model-\($0 < 100 ? 1 : 2).safetensors\""
    }
    let index = try folder.write(
      "model.safetensors.index.json",
      Array("{\"metadata\": {}, \"weight_map\": {\(map.joined(separator: ", "))}}".utf8))
    for path in [index, folder.path] {
      #expect(try kinds.difference(WeightImport(path: path, spec: nil).file) == 0)
    }
    try config(architecture, Self.pretrained)
    #expect(try imported().preprocessing?.crop == 160)
    // A file beside a config that nobody named is the file alone.
    #expect(try WeightImport(path: index, spec: nil).file.preprocessing == nil)
  }

  @Test func checksumsAreOfAllFiles() throws {
    let path = try kinds.write(kinds.arrays, to: "model.safetensors")
    let file = try WeightFiles(path).checksum()
    let alone = try WeightFiles(folder.path).checksum()
    try config(architecture)
    let one = try WeightFiles(folder.path).checksum()
    try config(architecture, Self.pretrained)
    let two = try WeightFiles(folder.path).checksum()
    #expect(file == alone && Set([file, one, two]).count == 3)
    #expect(try WeightFiles(folder.path).checksum() == two)
  }

  @Test func aVisionTransformerLooksAtTheSizeThatTheConfigTells() throws {
    let vit = try WeightFileKinds("vit_tiny_patch16_224")
    _ = try vit.write(vit.arrays, to: "model.safetensors")
    func read(_ more: String) throws -> ModelFile {
      let text = #"{"architecture": "vit_tiny_patch16_224", "num_classes": 3, \#(more)}"#
      _ = try vit.folder.write("config.json", Array(text.utf8))
      return try WeightImport(path: vit.folder.path, spec: nil).file
    }
    #expect(try read(#""global_pool": "token""#).spec == vit.spec.completed)
    let other = try read(#""model_args": {"img_size": 192}"#)
    #expect((other.spec.network as? ViTSpec)?.resolution == 192)
    #expect(other.model.store["pos_embed"]?.value.shape == [1, 145, 192])
    let text = message { _ = try read(#""global_pool": "map""#) }
    #expect(text?.contains("global_pool is 'map'") == true)
    // The weights' last normalisation is that of a class token.
    #expect(message { _ = try read(#""global_pool": "avg""#) } != nil)
  }

  @Test(arguments: [
    (
      #""architecture": "convnext_tiny""#,
      "'convnext_tiny' is not one of those here: resnetv2_50x1_bit"
    ),
    (#""architecture": "efficientnet_lite0""#, "tf_efficientnet_lite0"),
    (#""architecture": "resnet18""#, "not the names of a resnet"),
    (#""id2label": {"0": "a"}"#, "has no 'architecture'"),
    (
      #""model_type": "vit", "id2label": {"0": "a"}"#,
      "is of transformers' own 'vit', which is not among the networks here"
    ),
    (
      #""architecture": "mobilenetv3_small_050", "id2label": {"0": "a", "1": "b"}"#,
      "says 2 classes, and the head of the weights has 3"
    ),
    (
      #""architecture": "mobilenetv3_small_050", "id2label": {"0": "a", "1": "b", "3": "c"}"#,
      "no class has the index 2"
    ),
    (
      #""architecture": "mobilenetv3_small_050", "id2label": {"0": "a", "1": "b", "2": "c"}, "label2id": {"a": 0, "b": 2}"#,
      "class 2 is 'b' in label2id and 'c' in id2label"
    ),
    (
      #""architecture": "mobilenetv3_small_050", "num_classes": 10"#,
      "says 10 classes, and the head of the weights has 3"
    ),
    (
      #""architecture": "mobilenetv3_small_050", "pretrained_cfg": {"num_classes": 4}"#,
      "says 4 classes"
    ),
    (
      #""architecture": "mobilenetv3_small_050", "label_names": ["a"]"#,
      "has 1 label_names, and the network has 3"
    ),
    (#""architecture": "mobilenetv3_small_050", "global_pool": "max""#, "global_pool is 'max'"),
    (
      #""architecture": "mobilenetv3_small_050", "model_args": {"act_layer": "silu"}"#,
      "changes 'act_layer'"
    ),
    (
      #""architecture": "mobilenetv3_small_050", "input_size": [1, 28, 28]"#,
      "expected 3 channels and a square"
    ),
    (
      #""architecture": "mobilenetv3_small_050", "input_size": [3, 224, 160]"#,
      "expected 3 channels and a square"
    ),
    (#""architecture": "mobilenetv3_small_050", "crop_pct": 0"#, "crop_pct is 0"),
    (#""architecture": "mobilenetv3_small_050", "crop_mode": "squash""#, "wants crop_mode squash"),
    (
      #""architecture": "mobilenetv3_small_050", "interpolation": "lanczos""#,
      "interpolation lanczos"
    ),
    (#""architecture": "mobilenetv3_small_050", "std": [0, 1, 1]"#, "mean and std are impossible"),
    (#""architecture": "mobilenetv3_small_050", "mean": "none""#, "(mean)"),
    ("[", "cannot be understood"),
  ])
  func whatContradictsIsRefused(keys: String, words: String) throws {
    _ = try kinds.write(kinds.arrays, to: "model.safetensors")
    try config(keys)
    let text = message { _ = try imported() } ?? ""
    #expect(text.contains(words), "\(text)")
    #expect(text.contains(folder.path) && !text.contains("\n"))
  }

  /// A file of transformers' own, made by `Scripts/make_wrapper_fixtures.py`.
  private func transformersConfig(_ name: String) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/transformers.json")
    let all = try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any]
    let bytes = try JSONSerialization.data(withJSONObject: #require(all?[name]))
    _ = try folder.write("config.json", Array(bytes))
  }

  /// With what its checkpoints put before names, and as it writes them.
  @Test(arguments: ["", "timm_model."])
  func transformersWrapperTellsWhatTimmWould(prefix: String) throws {
    _ = try kinds.write(kinds.arrays, to: "model.safetensors") { prefix + $0 }
    try transformersConfig("named")
    let file = try imported()
    #expect(file.spec == kinds.spec && kinds.difference(file) == 0)
    #expect(file.classNames == ["daisy", "rose", "tulip"])
    #expect(file.model.input == .imageNet)
    #expect(
      file.preprocessing
        == EvaluationPreprocessing(resize: 256, crop: 224, interpolation: .bicubic))
    // LABEL_0 and so on are no names.
    try transformersConfig("nameless")
    #expect(try imported().classNames.isEmpty)
  }

  @Test func namesByTheirIndicesAreRead() throws {
    _ = try kinds.write(kinds.arrays, to: "model.safetensors")
    let wrapped =
      #""architectures": ["TimmWrapperForImageClassification"], "architecture": "mobilenetv3_small_050""#
    let names = #""id2label": {"0": "a", "10": "k", "2": "c", "1": "b"}"#
    #expect(
      message {
        try config(wrapped, names); _ = try imported()
      } != nil)
    // The count of what it was made from does not matter.
    let three = #""id2label": {"2": "c", "0": "a", "1": "b"}, "label2id": {"a": 0, "b": 1, "c": 2}"#
    for also in [
      Self.pretrained, #""label2id": null"#, #""label2id": {"LABEL_0": 0, "LABEL_1": 1}"#,
    ] {
      let keys = also.contains("label2id") ? String(three.prefix { $0 != "}" }) + "}" : three
      try config(wrapped, keys, also)
      #expect(try imported().classNames == ["a", "b", "c"])
    }
    try config(wrapped, #""id2label": {"0": "LABEL_0", "1": "LABEL_1"}"#)
    #expect(try imported().classNames.isEmpty)
    // What timm names goes before it.
    try config(wrapped, three, #""label_names": ["x", "y", "z"]"#)
    #expect(try imported().classNames == ["x", "y", "z"])
  }

  @Test(arguments: [
    ("resnet", "ResNetForImageClassification"), ("vit", "ViTForImageClassification"),
  ])
  func transformersOwnNetworksAreRefusedByName(name: String, architecture: String) throws {
    _ = try kinds.write(kinds.arrays, to: "model.safetensors")
    try transformersConfig(name)
    for spec in [nil, kinds.spec] {
      let text = message { _ = try imported(spec) } ?? ""
      #expect(
        text.hasPrefix(
          "\(folder.path)/config.json: is of transformers' own '\(architecture)', which"),
        "\(text)")
      #expect(!text.contains("\n"))
    }
  }

  @Test func whatIsSaidGoesBeforeWhatTheConfigSays() throws {
    _ = try kinds.write(kinds.arrays, to: "model.safetensors")
    try config(#""architecture": "convnext_tiny", "num_classes": 10"#)
    #expect(try imported(kinds.spec).spec == kinds.spec)
  }

  @Test func aFolderWithoutWeightsIsTold() throws {
    try config(architecture)
    let text = message { _ = try imported() } ?? ""
    #expect(text.contains("is a folder without weights, expected one of model.safetensors"))
  }
}
