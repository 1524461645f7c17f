import Foundation

/// The BiT checkpoints (`.npz`) that Google published, by the names of their files.
///
/// Neither their sizes nor their sums are published, so all that is verified of them is that they
/// begin as such files do.
public enum PublishedWeights {
  /// Where weights are fetched to: `FUNMATCH_WEIGHTS`, else `weights`.
  public static var folder: String {
    let named = ProcessInfo.processInfo.environment["FUNMATCH_WEIGHTS"] ?? ""
    return named.isEmpty ? "weights" : named
  }

  /// BiT-S (ImageNet-1k), BiT-M (ImageNet-21k), BiT-M fine-tuned on ImageNet-1k, and the teachers
  /// and students of "Knowledge distillation: A good teacher is patient and consistent".
  public static let known: [(name: String, file: DatasetSource.File)] = {
    let sizes = ["R50x1", "R50x3", "R101x1", "R101x3", "R152x2", "R152x4"]
    let pretrained = sizes.flatMap { size in
      ["BiT-S-" + size, "BiT-M-" + size, "BiT-M-" + size + "-ILSVRC2012"]
    }
    let distilled = [
      "R50x1_160", "R50x1_224", "R152x2_T_224", "R152x2_T_384", "R152x2_T_flowers128",
      "R152x2_T_pet128", "R152x2_T_food128", "R152x2_T_sun128",
    ]
    let base = "https://storage.googleapis.com/bit_models/"
    return pretrained.map { ($0, DatasetSource.File(base + $0 + ".npz")) }
      + distilled.map { ($0, DatasetSource.File(base + "distill/" + $0 + ".npz")) }
  }()

  /// The file of a checkpoint.
  ///
  /// - Throws: `DatasetError` with the known names when there is none of this name.
  public static func file(named name: String) throws -> DatasetSource.File {
    guard let entry = known.first(where: { $0.name == name }) else {
      throw DatasetError(
        "no published weights are called '\(name)'; known: "
          + known.map(\.name).joined(separator: ", "))
    }
    return entry.file
  }
}
