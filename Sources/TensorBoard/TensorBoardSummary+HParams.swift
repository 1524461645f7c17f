import Foundation
import SwiftProtobuf

/// Values that belong to the HParams plugin: all that they say is in their metadata.
extension TensorBoardSummary {
  static let experimentTag = "_hparams_/experiment"
  static let startTag = "_hparams_/session_start_info"
  static let endTag = "_hparams_/session_end_info"

  init(tag: String, _ data: TensorBoardHParams) throws {
    // Maps have no order of their own.
    var options = BinaryEncodingOptions()
    options.useDeterministicOrdering = true
    let content: Data = try data.serializedBytes(options: options)
    value = [
      .with {
        $0.tag = tag
        $0.metadata.pluginData.pluginName = "hparams"
        $0.metadata.pluginData.content = content
        $0.metadata.dataClass = .tensor
        $0.tensor.dtype = .float
        $0.tensor.tensorShape.dim = [.init()]
      }
    ]
  }

  /// The plugin's data under a tag; `nil` if this summary has none.
  func data(of tag: String) -> TensorBoardHParams? {
    value.first { $0.tag == tag }.flatMap {
      try? TensorBoardHParams(serializedBytes: $0.metadata.pluginData.content)
    }
  }
}
