import Foundation
import FunMatchFiles

/// Paths of images as a list writes them.
struct ListPaths {
  /// The folder that they count from.
  let root: String
  private let list: String
  /// The same from the root of all folders on.
  private let wholeRoot: [[UInt8]]

  /// - Parameters:
  ///   - list: the list's file, whose folder paths count from where nothing else is said.
  ///   - root: another folder, from there on.
  /// - Throws: `DatasetError` when that is no folder.
  init(list: String, root: String?) throws {
    self.list = list
    self.root = Self.beside(list, root)
    guard root == nil || Folder.isFolder(self.root) else {
      throw DatasetError("\(list): root=\(root ?? "") is no folder: \(self.root)")
    }
    let whole = URL(fileURLWithPath: self.root).standardizedFileURL.path
    wholeRoot = whole.utf8.split(separator: Self.slash).map { Array($0) }
  }

  /// Where a file lies that a list names; the list's folder without a name.
  static func beside(_ list: String, _ name: String? = nil) -> String {
    let folder = (list as NSString).deletingLastPathComponent
    let place = folder.isEmpty ? "." : folder
    guard let name else { return place }
    let path = HomeFolder.expanded(name)
    return path.hasPrefix("/") ? path : (place == "/" ? "" : place) + "/" + path
  }

  /// A path from the root on, without `.` and `..`.
  ///
  /// - Throws: `DatasetError` when it is empty or leads elsewhere.
  func name(_ field: ArraySlice<UInt8>, line: Int) throws -> [UInt8] {
    let path = ListColumns.trimmed(field)
    var parts: [ArraySlice<UInt8>] = []
    for part in path.split(separator: Self.slash) {
      if part.elementsEqual(Self.dots.prefix(1)) { continue }
      if !part.elementsEqual(Self.dots) {
        parts.append(part)
      } else if parts.popLast() == nil {
        throw outside(path, line)
      }
    }
    if path.first == Self.slash {
      guard parts.starts(with: wholeRoot, by: { $0.elementsEqual($1) }) else {
        throw outside(path, line)
      }
      parts.removeFirst(wholeRoot.count)
    }
    guard !parts.isEmpty else {
      throw DatasetError("\(list): line \(line): has no path; expected that of an image")
    }
    return Array(parts.joined(separator: [Self.slash]))
  }

  private func outside(_ path: ArraySlice<UInt8>, _ line: Int) -> DatasetError {
    DatasetError(
      "\(list): line \(line): \(String(decoding: path, as: UTF8.self)) does not lie under \(root); root=FOLDER names the folder that paths count from"
    )
  }

  private static let slash = UInt8(ascii: "/")
  private static let dots = Array("..".utf8)
}
