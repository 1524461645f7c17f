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
  /// `nil` where all pieces are needed. Otherwise one is enough, and this tells of a piece that lies
  /// in a folder not named after the data set whether it belongs to it.
  var isOwn: ((_ path: String) -> Bool)?

  /// The folder that has what is needed, or else the first named after the data set that has any
  /// piece: elsewhere a single one tells little, since many have a folder `images` or `train`.
  ///
  /// - Throws: `DatasetError` that tells where was looked, when there is none.
  func find(in folders: [String]) throws -> String {
    let exists = { (folder: String) in { (piece: String) in Folder.exists(folder + "/" + piece) } }
    let hasAny = { (folder: String) in pieces.contains(where: exists(folder)) }
    let hasAll = { (folder: String) in pieces.allSatisfy(exists(folder)) }
    for folder in folders {
      let whole = named(in: folder).first(where: isOwn == nil ? hasAll : hasAny)
      if let whole { return whole }
      let isWhole = isOwn.map { isOwn in pieces.contains { isOwn(folder + "/" + $0) } }
      if isWhole ?? hasAll(folder) { return folder }
    }
    if let part = folders.flatMap(named).first(where: hasAny) { return part }
    let brings = advice ?? "`funmatch data fetch \(name)` brings it"
    throw DatasetError(
      "\(name): its files (\(pieces.joined(separator: ", "))) are not in "
        + "\(folders.joined(separator: ", ")) or the folders "
        + "\(([name] + others).joined(separator: ", ")) there; --data-dir names another folder, and "
        + brings, isAbsence: true)
  }

  private func named(in folder: String) -> [String] {
    let own = folder + "/" + name
    return [own] + others.map { own + "/" + $0 } + others.map { folder + "/" + $0 }
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
