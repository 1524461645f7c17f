import Foundation
import FunMatchFiles

/// Brings one model from the Hub into its folder.
struct HubDownload {
  /// The Hub does not answer, or may not be asked.
  struct Unreachable: Error, CustomStringConvertible {
    let description: String
  }

  private let model: HubReference
  private let settings: HubSettings
  private let models: HubModels

  init(_ model: HubReference, _ settings: HubSettings, _ models: HubModels) {
    (self.model, self.settings, self.models) = (model, settings, models)
  }

  private var target: String { models.folder + "/" + model.folderName }
  /// Where files are until all are there.
  private var scratch: String { models.folder + "/." + model.folderName + ".part" }
  private var title: String { model.owner + "/" + model.name }

  /// Fetches it unless it has appeared meanwhile.
  ///
  /// - Throws: `DatasetError`, or `Unreachable`.
  func fetch() throws -> String {
    try locking {
      if let found = models.own(model) { return found }
      return try download(list())
    }
  }

  /// Fetches it, or tells how what is there compares with what the Hub has.
  ///
  /// - Throws: `DatasetError`, or `Unreachable`.
  func update() throws -> String {
    try locking {
      let listing = try list()
      if Folder.exists(target) {
        try compare(with: listing)
        return target
      }
      if let kept = models.kept(model, settings, needsConfig: true),
        kept.hasSuffix("/" + listing.sha)
      {
        models.report("\(model): already here, kept by Hugging Face's programs")
        return kept
      }
      return try download(listing)
    }
  }

  private func list() throws -> HubListing {
    guard !settings.isOffline else { throw unreachable("HF_HUB_OFFLINE is set") }
    let revision = (model.revision ?? "main").split(separator: "/").joined(separator: "%2F")
    let address = "\(settings.endpoint)/api/models/\(title)/revision/\(revision)?blobs=true"
    do {
      let data = try HTTPClient(patience: min(models.patience, 10)).read(
        address, limit: HubFiles.textLimit, token: settings.token.text)
      return try HubListing(data, address: address)
    } catch let error as HTTPError {
      switch error.status {
      case 0: throw unreachable("\(settings.server) cannot be reached (\(error.reason))")
      case 401, 403:
        throw DatasetError(
          "\(model): \(settings.server) does not show it (status \(error.status)): there is no such model, or it is "
            + "private or gated, and " + settings.token.words)
      case 404:
        throw DatasetError(
          "\(model): \(settings.server) has no model \(title)"
            + (model.revision.map { ", or no revision '\($0)' of it" } ?? "") + " (status 404)")
      default: throw DatasetError(error.description)
      }
    }
  }

  private func unreachable(_ reason: String) -> Unreachable {
    Unreachable(
      description:
        "\(model) is not here, and \(reason); put \(HubFiles.config) and \(HubFiles.weights[0]) (or its shards "
        + "with their index, or \(HubFiles.weights[2])) of \(page) into the folder \(target)")
  }

  private var page: String {
    WebAddress.printable(settings.endpoint) + "/" + title
      + (model.revision.map { "/tree/" + $0 } ?? "")
  }

  /// What is fetched of it, apart from shards.
  private func first(
    _ listing: HubListing
  ) throws -> (weights: DatasetSource.File, config: DatasetSource.File?) {
    guard
      let weights = HubFiles.weights.lazy.compactMap({ listing.file($0, at: base(listing)) }).first
    else {
      let names = listing.names.sorted()
      throw DatasetError(
        "\(model): has none of \(HubFiles.weights.joined(separator: ", ")); it holds "
          + (names.isEmpty ? "nothing" : names.prefix(8).joined(separator: ", "))
          + (names.count > 8 ? ", …" : ""))
    }
    return (weights, listing.file(HubFiles.config, at: base(listing)))
  }

  private func shards(_ index: String, _ listing: HubListing) throws -> [DatasetSource.File] {
    try HubFiles.shards(of: index).map { name in
      guard let file = listing.file(name, at: base(listing)) else {
        throw DatasetError("\(model): its index names the shard '\(name)', which it does not hold")
      }
      return file
    }
  }

  /// Of this commit, whatever a branch is at while files are fetched.
  private func base(_ listing: HubListing) -> String {
    "\(settings.endpoint)/\(title)/resolve/\(listing.sha)/"
  }

  private func download(_ listing: HubListing) throws -> String {
    if listing.isGated, settings.token.text == nil {
      throw DatasetError(
        "\(model): is gated: accept its terms at \(page), and let HF_TOKEN hold a token of yours "
          + "(\(settings.token.words))")
    }
    let (weights, config) = try first(listing)
    try AtomicFile.makeFolder(scratch)
    try tidy(listing)
    var note = HubNote(model: title, commit: listing.sha)
    try note.write(in: scratch)
    let fetcher = DatasetFetcher(
      folder: scratch, token: settings.token.text, patience: models.patience, report: models.detail)
    var files = [config].compactMap(\.self) + [weights]
    do {
      if HubFiles.isIndex(weights.name) {
        try fetcher.fetch(weights)
        files += try shards(scratch + "/" + weights.name, listing)
      }
      let size = files.reduce(0) { $0 + ($1.size ?? 0) }
      models.report(
        "\(model): fetching \(files.count == 1 ? "1 file" : "\(files.count) files") of \(DatasetFetcher.text(size)) from \(settings.server) into \(target)"
      )
      let missing = files.reduce(0) { $0 + fetcher.missing($1) }
      try fetcher.checkSpace(missing, for: "\(model)")
      for file in files { try fetcher.fetch(file) }
    } catch let error as DatasetError where listing.isGated {
      throw DatasetError("\(error); the model is gated: its terms are accepted at \(page)")
    }
    for file in files {
      let path = scratch + "/" + file.name
      unlink(path + ".ok")
      note.files[file.name] = HubNote.File(
        size: DatasetFetcher.size(of: path) ?? 0, sha256: file.sha256)
    }
    try note.write(in: scratch)
    try fetcher.move(scratch, to: target)
    return target
  }

  /// Removes what an earlier attempt left of another commit, but files that are known by their SHA-256.
  private func tidy(_ listing: HubListing) throws {
    guard HubNote.read(in: scratch)?.commit != listing.sha else { return }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: scratch)) ?? []
    where listing.file(name, at: "")?.sha256 == nil {
      try? FileManager.default.removeItem(atPath: scratch + "/" + name)
    }
  }

  /// Says whether what is there is what the Hub has now.
  ///
  /// - Throws: `DatasetError` when files are missing or are others.
  private func compare(with listing: HubListing) throws {
    let away = "; to fetch it anew, move the folder elsewhere"
    guard let note = HubNote.read(in: target) else {
      let (weights, config) = try first(listing)
      var files = [config].compactMap(\.self) + [weights]
      var note = HubNote(model: title, commit: listing.sha)
      while let file = files.popLast() {
        let path = target + "/" + file.name
        let size = DatasetFetcher.size(of: path)
        guard let size, size == file.size ?? size,
          try file.sha256 == nil || file.sha256 == Checksum.sha256(file: path)
        else {
          throw DatasetError(
            "\(path): is not the file that \(settings.server) has, and was not fetched by this\(away)"
          )
        }
        if file == weights, HubFiles.isIndex(file.name) { files += try shards(path, listing) }
        note.files[file.name] = HubNote.File(size: size, sha256: file.sha256)
      }
      try note.write(in: target)
      return models.report("\(model): already here, as \(settings.server) has it")
    }
    if let name = note.damaged(in: target) {
      throw DatasetError("\(target)/\(name): is missing, or no longer what was fetched\(away)")
    }
    models.report(
      note.commit == listing.sha
        ? "\(model): already here"
        : "\(model): already here, of commit \(note.commit.prefix(12)); \(settings.server) now has "
          + "\(listing.sha.prefix(12))\(away), or fetch hf:\(title)@\(listing.sha.prefix(12))")
  }

  /// Removes what an attempt left of which nothing is worth keeping for the next.
  private func tidyUp() {
    let names = try? FileManager.default.contentsOfDirectory(atPath: scratch)
    guard let names, names.allSatisfy({ $0 == HubNote.name }) else { return }
    try? FileManager.default.removeItem(atPath: scratch)
  }

  /// Waits while another process fetches the model. Where nothing comes of it, no folder stays that was not there before.
  private func locking(_ body: () throws -> String) throws -> String {
    var made = MadeFolders()
    do {
      let path = models.folder + "/." + model.folderName + ".lock"
      var waits = false
      while true {
        try made.make(models.folder)
        let taken: FileLock?
        do {
          taken = try FileLock.take(path)
        } catch let error as FileError where error.code == ENOENT {
          // Another process, of which nothing came, has removed the folder meanwhile.
          continue
        }
        guard let lock = taken else {
          if !waits { models.report("\(model): waiting for another process, which fetches it") }
          waits = true
          Thread.sleep(forTimeInterval: 0.2)
          continue
        }
        // The process that held it may have removed it since it was opened here.
        guard lock.isThere else { continue }
        defer { unlink(path) }
        do {
          return try withExtendedLifetime(lock, body)
        } catch {
          tidyUp()
          throw error
        }
      }
    } catch {
      made.removeEmpty()
      if let error = error as? FileError { throw DatasetError(error.description) }
      throw error
    }
  }
}
