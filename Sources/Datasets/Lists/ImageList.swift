import Foundation
import FunMatchFiles

/// Images that a user's list names, with their labels: a text of records such as CSV.
enum ImageList {
  /// Images with labels are in the order of `FileList.mixedOrder`, others sorted by path.
  ///
  /// - Parameter path: the list's file.
  /// - Throws: `DatasetError` when the list or a line of it is not what it should be, or images are missing.
  static func open(_ path: String, _ query: ListQuery, split: String?) throws -> any Dataset {
    guard !Folder.isFolder(path) else {
      throw DatasetError("\(path): is a folder; expected a list of images, one a line")
    }
    let bytes = [UInt8](try TextFile.data(path))
    guard !bytes.starts(with: [0xff, 0xfe]), !bytes.starts(with: [0xfe, 0xff]) else {
      throw DatasetError("\(path): is text in UTF-16; save the list in UTF-8")
    }
    let columns = try ListColumns(bytes, query, name: path)
    var rows = Rows(
      paths: try ListPaths(list: path, root: query[.root]), labels: ListLabels(name: path),
      splits: ListSplits(query, name: path))
    var records = DelimitedText(bytes, name: path, delimiter: columns.delimiter)
    if columns.hasHeader { _ = try records.next() }
    while try records.next() {
      try columns.check(records)
      try rows.add(records, columns)
    }
    guard rows.files.count > 0 else { throw DatasetError("\(path): names no images") }

    let classes =
      columns.label == nil
      ? nil : try rows.labels.classes(query, named: named(query, path))
    let again = try rows.repetitions(classes, list: path)
    let members = try rows.splits.members(of: split, rows.files, column: rows.split)
      .filter { !again.contains($0) }
    guard !members.isEmpty else {
      throw DatasetError("\(path): split '\(split ?? "")' has no images")
    }
    try rows.checkPresence(of: members, list: path)
    let files = rows.files.permuted(members.map { UInt32($0) })
    var remarks = columns.remarks
    remarks += UnreadFiles.of(again.sorted().map { rows.files[$0] }).remarks(
      "line names an image again, which counts once", "lines name images again, which count once")
    guard let classes else {
      return FileDataset(root: rows.paths.root, files: files, remarks: remarks).sorted()
    }
    let labels = members.map { classes.labels[Int(rows.label[$0])] }
    return FileDataset(
      root: rows.paths.root, files: files, labels: labels, classNames: classes.names,
      classNamesAreNumbers: classes.areNumbers, remarks: remarks + bare(classes, labels)
    ).mixed()
  }

  /// Names of all classes, where somebody says them.
  private static func named(_ query: ListQuery, _ list: String) throws -> [String]? {
    guard let file = query[.classFile] else { return query.classes }
    let path = ListPaths.beside(list, file)
    let names = try TextFile.texts(path)
    var seen: Set<String> = []
    if let twice = names.first(where: { !seen.insert($0).inserted }) {
      throw DatasetError("\(path): names class '\(twice)' twice; expected one name a line")
    }
    guard !names.isEmpty else { throw DatasetError("\(path): names no classes") }
    return names
  }

  /// What is to be said of classes without images.
  private static func bare(_ classes: ListLabels.Classes, _ labels: [Int32]) -> [String] {
    let present = Set(labels)
    let bare = classes.names.indices.filter { !present.contains(Int32($0)) }
    guard !bare.isEmpty else { return [] }
    let some = bare.prefix(5).map { classes.names[$0] }.joined(separator: ", ")
    return [
      "\(bare.count) of \(classes.names.count) classes have no images: \(some)"
        + (bare.count > 5 ? ", ..." : "")
    ]
  }

  /// What all records say.
  private struct Rows {
    let paths: ListPaths
    var labels: ListLabels
    var splits: ListSplits
    var files = FileList()
    var lines: [Int32] = []
    /// Which text each label is; empty without labels.
    var label: [Int32] = []
    /// Which text each split is; empty without a column of them.
    var split: [Int32] = []

    mutating func add(_ record: DelimitedText, _ columns: ListColumns) throws {
      files.append(try paths.name(record[columns.path], line: record.line))
      lines.append(Int32(clamping: record.line))
      if let column = columns.label {
        label.append(try labels.add(record[column], line: record.line))
      }
      if let column = columns.split {
        split.append(try splits.add(record[column], line: record.line))
      }
    }

    /// Images that an earlier line names, too.
    ///
    /// - Throws: `DatasetError` when that says something else of one.
    func repetitions(_ classes: ListLabels.Classes?, list: String) throws -> Set<Int> {
      var again: Set<Int> = []
      let order = (0..<files.count).sorted {
        files.precedes($0, $1) || !files.precedes($1, $0) && $0 < $1
      }
      var first = order.first ?? 0
      for image in order.dropFirst() {
        guard !files.precedes(first, image) else {
          first = image
          continue
        }
        func refuse(_ what: String) -> DatasetError {
          DatasetError(
            "\(list): \(files[image]) has one \(what) in line \(lines[first]) and another in line \(lines[image])"
          )
        }
        if let classes, classes.labels[Int(label[first])] != classes.labels[Int(label[image])] {
          throw refuse("label")
        }
        if !split.isEmpty, split[first] != split[image] { throw refuse("split") }
        again.insert(image)
      }
      return again
    }

    /// Makes sure that images are there.
    ///
    /// - Throws: `DatasetError` with the number of those that are not, and the first few.
    func checkPresence(of images: [Int], list: String) throws {
      let isThere = try Workers.map(count: images.count) { place in
        files.withBytes(at: images[place]) { isFile($0) }
      }
      let missing = zip(images, isThere).filter { !$0.1 }.map(\.0)
      guard !missing.isEmpty else { return }
      let some = missing.prefix(3).map { "\(files[$0]) (line \(lines[$0]))" }
      throw DatasetError(
        "\(list): \(NumberText.grouped(missing.count)) of the \(NumberText.grouped(images.count)) images that it names are missing under \(paths.root): "
          + some.joined(separator: ", ")
          + (missing.count > some.count ? " and \(missing.count - some.count) more" : ""))
    }

    private func isFile(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
      var status = stat()
      let path = Array(paths.root.utf8) + [UInt8(ascii: "/")] + name + [0]
      return path.withUnsafeBufferPointer { bytes in
        bytes.withMemoryRebound(to: CChar.self) { characters in
          characters.baseAddress.map { stat($0, &status) } == 0
        }
      } && status.st_mode & S_IFMT == S_IFREG
    }
  }
}
