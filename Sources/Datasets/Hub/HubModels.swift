import Foundation
import FunMatchFiles

/// Weights of models on Hugging Face's Hub: finds them where they are, and fetches them where they are not.
///
/// Of a model come `config.json` and its weights: `model.safetensors`, else the shards that
/// `model.safetensors.index.json` names, else the same as PyTorch's `pytorch_model.bin`. They appear all at once, in the
/// folder `OWNER--NAME` or `OWNER--NAME@REVISION`, when each has the size and SHA-256 that the Hub tells. What was fetched
/// is never replaced by what the Hub has later.
///
/// The variables of Hugging Face's own programs hold: `HF_ENDPOINT`, `HF_HUB_OFFLINE`, `HF_HOME` and `HF_HUB_CACHE`, and
/// those of `HubToken`.
public struct HubModels {
  /// Where models are fetched to.
  let folder: String
  /// Where they may be already.
  let others: [String]
  let environment: [String: String]
  /// Seconds for which a server may send nothing.
  let patience: Int
  /// Takes a line where something is fetched.
  let report: (String) -> Void
  /// Takes lines about every file.
  let detail: (String) -> Void

  /// Looks for models in folders.
  ///
  /// - Parameters:
  ///   - folder: where they are fetched to.
  ///   - others: folders that are looked into before.
  ///   - environment: the variables of the process.
  ///   - patience: seconds for which a server may send nothing.
  ///   - report: takes a line where something is fetched.
  ///   - detail: takes lines about every file.
  public init(
    folder: String, others: [String] = [],
    environment: [String: String] = ProcessInfo.processInfo.environment, patience: Int = 60,
    report: @escaping (String) -> Void = { _ in }, detail: @escaping (String) -> Void = { _ in }
  ) {
    (self.folder, self.others, self.environment) = (folder, others, environment)
    (self.patience, self.report, self.detail) = (patience, report, detail)
  }

  /// The folder of a model that is on this machine: put there, fetched, or kept by Hugging Face's own programs; `nil` where
  /// it is not.
  ///
  /// - Throws: `DatasetError` when a variable is wrong.
  public func local(_ model: HubReference) throws -> String? {
    let settings = try HubSettings(environment)
    return own(model) ?? kept(model, settings, needsConfig: !settings.isOffline)
  }

  /// The same, fetched if it is not there.
  ///
  /// - Throws: `DatasetError` when it cannot be fetched; it says where the files can be put by hand.
  public func find(_ model: HubReference) throws -> String {
    if let found = try local(model) { return found }
    let settings = try HubSettings(environment)
    do {
      return try HubDownload(model, settings, self).fetch()
    } catch let error as HubDownload.Unreachable {
      // Better than nothing: names and shapes may tell which network it is.
      if let kept = kept(model, settings, needsConfig: false) { return kept }
      throw DatasetError(error.description)
    }
  }

  /// Fetches a model, and tells if it is there already.
  ///
  /// - Returns: its folder.
  /// - Throws: `DatasetError` when it cannot be fetched, or other files are in its place.
  public func fetch(_ model: HubReference) throws -> String {
    let settings = try HubSettings(environment)
    do {
      return try HubDownload(model, settings, self).update()
    } catch let error as HubDownload.Unreachable {
      guard let found = own(model) ?? kept(model, settings, needsConfig: false) else {
        throw DatasetError(error.description)
      }
      report("\(model): already here; whether there is a newer one cannot be asked")
      return found
    }
  }

  func own(_ model: HubReference) -> String? {
    (others + [folder]).map { $0 + "/" + model.folderName }.first(where: Folder.exists)
  }

  /// What Hugging Face's own programs keep of it.
  ///
  /// - Parameter needsConfig: whether it is of no use without what tells how images are prepared.
  func kept(_ model: HubReference, _ settings: HubSettings, needsConfig: Bool) -> String? {
    HubCache(path: settings.cache).folder(of: model).flatMap { folder in
      !needsConfig || Folder.exists(folder + "/" + HubFiles.config) ? folder : nil
    }
  }
}
