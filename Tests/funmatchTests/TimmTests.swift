import Foundation
import FunMatchTestSupport
import Testing

/// Weights travel to timm and back, where a Python with timm is at hand: that of `make test`, or the
/// one that FUNMATCH_PYTHON names.
@Suite(.enabled(if: PyTorch.python != nil, "no Python with timm"))
struct TimmTests {
  @Test func weightsTravelToTimmAndBack() throws {
    try PyTorch.run(script: "../../Scripts/check_timm.py", arguments: [Tool.path])
  }

  /// The long form fetches pretrained weights and labelled photographs.
  @Test func weightsOfAllFamiliesTravelToTimmAndONNX() throws {
    try PyTorch.run(
      script: "../../Scripts/check_families.py",
      arguments: [Tool.path] + (Soak.isOn ? ["--photographs"] : []))
  }
}
