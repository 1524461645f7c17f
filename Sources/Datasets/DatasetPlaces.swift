/// Where the files of a published data set may lie, since every tool has a place of its own for them.
struct DatasetPlaces {
  /// The data set's name, which is the folder that `funmatch data fetch` makes.
  let name: String
  /// Folders that other tools keep it in.
  var others: [String] = []
  /// Files and folders by which it is recognized.
  let pieces: [String]
  /// How it is brought here.
  var advice: String?

  /// The folder that has all pieces, or else the first that has any.
  ///
  /// - Throws: `DatasetError` that tells where was looked, when no folder has any.
  func find(in folders: [String]) throws -> String {
    let candidates = folders.flatMap { folder in
      let own = folder + "/" + name
      return [own] + others.map { own + "/" + $0 } + others.map { folder + "/" + $0 } + [folder]
    }
    let exists = { (folder: String) in { (piece: String) in Folder.exists(folder + "/" + piece) } }
    if let whole = candidates.first(where: { pieces.allSatisfy(exists($0)) }) { return whole }
    if let part = candidates.first(where: { pieces.contains(where: exists($0)) }) { return part }
    let brings = advice ?? "`funmatch data fetch \(name)` brings it"
    throw DatasetError(
      "\(name): none of \(pieces.joined(separator: ", ")) is in "
        + "\(folders.joined(separator: ", ")) or the folders "
        + "\(([name] + others).joined(separator: ", ")) there; --data-dir names another folder, and "
        + brings, isAbsence: true)
  }

  /// The same, where all pieces are needed.
  ///
  /// - Throws: `DatasetError` that tells which piece is missing too.
  func findAll(in folders: [String]) throws -> String {
    let folder = try find(in: folders)
    let missing = pieces.filter { !Folder.exists(folder + "/" + $0) }
    guard missing.isEmpty else {
      let present = pieces.filter { !missing.contains($0) }
      throw DatasetError(
        "\(folder)/\(missing[0]) is missing, which \(name) needs beside "
          + present.joined(separator: " and "))
    }
    return folder
  }
}
