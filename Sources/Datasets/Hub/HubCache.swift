import Foundation

/// What Hugging Face's own programs fetched before and keep: `models--OWNER--NAME` with the commits that branches and tags
/// were at (`refs`), and the files of commits (`snapshots`).
///
/// Source: huggingface.co/docs/huggingface_hub/guides/manage-cache.
struct HubCache {
  /// The folder that it is in.
  let path: String

  /// The folder of a model's files; `nil` where there are no weights of it.
  func folder(of model: HubReference) -> String? {
    let own = path + "/models--\(model.owner)--\(model.name)"
    let revision = model.revision ?? "main"
    let told = FileManager.default.contents(atPath: own + "/refs/" + revision).map {
      String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
    let commit = told ?? revision
    guard HubReference.isName(commit) else { return nil }
    let folder = own + "/snapshots/" + commit
    return HubFiles.areWhole(in: folder) ? folder : nil
  }
}
