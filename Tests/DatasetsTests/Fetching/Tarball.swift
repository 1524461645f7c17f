/// Archives in the tar format, whatever their names are.
enum Tarball {
  /// An archive of files, after a symbolic link if one is given.
  static func bytes(
    _ files: [(path: String, content: [UInt8])], after link: (path: String, target: String)? = nil
  ) -> [UInt8] {
    let first = link.map { header($0.path, size: 0, kind: "2", target: $0.target) } ?? []
    let rest = files.flatMap { file in
      header(file.path, size: file.content.count, kind: "0") + file.content
        + [UInt8](repeating: 0, count: (512 - file.content.count % 512) % 512)
    }
    return first + rest + [UInt8](repeating: 0, count: 1024)
  }

  private static func header(
    _ path: String, size: Int, kind: String, target: String = ""
  ) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      block.replaceSubrange(offset..<offset + text.utf8.count, with: Array(text.utf8))
    }
    put(path, at: 0)
    put("0000644", at: 100)
    put(String(size, radix: 8), at: 124)
    put("        " + kind + target, at: 148)
    put("ustar", at: 257)
    put(String(block.reduce(0) { $0 + Int($1) }, radix: 8), at: 148)
    return block
  }
}
