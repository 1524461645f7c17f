import Foundation

extension DatasetFetcher {
  /// Where the file is fetched from.
  func address(of file: DatasetSource.File) -> String {
    guard let mirror else { return file.address }
    return mirror + (mirror.hasSuffix("/") ? "" : "/") + file.name
  }

  /// Downloads a file to `part`, going on where an earlier attempt stopped.
  func download(_ file: DatasetSource.File, to part: String) throws {
    let address = address(of: file)
    var hasRestarted = false
    while true {
      let before = Self.size(of: part) ?? 0
      if before > 0, before == file.size { return }
      report(
        "\(file.name): fetching \(address)"
          + (file.size.map { ", " + Self.text($0) } ?? "")
          + (before > 0 ? ", of which \(Self.text(before)) are here" : ""))
      let transfer = try transfer(address, to: part)
      if transfer.isWhole { return }
      if transfer.cannotResume, before > 0, !hasRestarted {
        hasRestarted = true
        unlink(part)
        continue
      }
      // curl does not take up a transfer by itself that broke in the middle.
      if Self.size(of: part) ?? 0 > before { continue }
      throw DatasetError("cannot fetch \(address): \(transfer.reason)")
    }
  }

  private struct Transfer {
    let status: Int
    let code: Int
    let reason: String

    var isWhole: Bool { status == 0 }
    /// The server ignores ranges (exit code 33), or has nothing from there on (HTTP 416).
    var cannotResume: Bool { status == 33 || status == 36 || code == 416 }
  }

  private func transfer(_ address: String, to part: String) throws -> Transfer {
    let showsProgress = isatty(STDERR_FILENO) == 1
    let (status, output) = try Program.run(
      [
        "curl", showsProgress ? "--progress-bar" : "--silent", "--fail", "--location", "--globoff",
        "--proto", "=http,https,file", "--proto-redir", "=http,https", "--retry", "5",
        "--continue-at", "-", "--output", part, "--write-out", "%{http_code} %{errormsg}",
        "--url", address,
      ], keeping: showsProgress ? .outputOnly : .output)
    if status == Program.notFound {
      throw DatasetError(
        "fetching needs the program curl; on Debian and Ubuntu, `apt-get install curl` brings it")
    }
    let parts = output.split(separator: " ", maxSplits: 1)
    let reason = parts.count == 2 ? String(parts[1]) : "curl ended with exit code \(status)"
    return Transfer(
      status: status, code: parts.first.flatMap { Int($0) } ?? 0, reason: reason)
  }
}
