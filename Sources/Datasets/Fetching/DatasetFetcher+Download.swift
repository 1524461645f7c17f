import Foundation
import FunMatchFiles

extension DatasetFetcher {
  /// Where the file is fetched from.
  func address(of file: DatasetSource.File) -> String {
    guard let mirror else { return file.address }
    return mirror + (mirror.hasSuffix("/") ? "" : "/") + file.name
  }

  /// Downloads a file to `part`, going on where an earlier attempt stopped.
  ///
  /// - Throws: `DatasetError` when nothing more comes for a while, or something makes it hopeless.
  func download(_ file: DatasetSource.File, to part: String) throws {
    let address = address(of: file)
    var hasRestarted = false
    var pause: UInt32 = 1
    var progress = Date()
    while true {
      let before = Self.size(of: part) ?? 0
      // One that is larger than it should be is refused with the others that are not the published.
      if before > 0, let size = file.size, before >= size { return }
      report(
        "\(file.name): fetching \(WebAddress.printable(address))"
          + (file.size.map { ", " + Self.text($0) } ?? "")
          + (before > 0 ? ", of which \(Self.text(before)) are here" : ""))
      let transfer = try transfer(address, to: part, limit: file.size)
      if transfer.isWhole { return }
      if transfer.cannotResume, before > 0, !hasRestarted {
        hasRestarted = true
        unlink(part)
        continue
      }
      // curl's own `--retry` throws away what came before a transfer broke.
      if Self.size(of: part) ?? 0 > before {
        (pause, progress) = (1, Date())
        continue
      }
      guard transfer.mayPass, pause <= 4, -progress.timeIntervalSinceNow < Double(patience) else {
        throw DatasetError(
          "cannot fetch \(WebAddress.printable(address)): "
            + (transfer.isTooMuch ? "it gives \(tooMuch(file.size ?? 0))" : transfer.reason))
      }
      sleep(pause)
      pause *= 2
    }
  }

  private struct Transfer {
    let status: Int
    let code: Int
    let reason: String

    var isWhole: Bool { status == 0 }
    /// The server ignores ranges (exit code 33), or has nothing from there on (HTTP 416).
    var cannotResume: Bool { status == 33 || status == 36 || code == 416 }
    /// The server announces more than may come.
    var isTooMuch: Bool { status == 63 }
    /// No name server answers, the time is up, the connection broke, or the server says that it is
    /// at fault or busy: all may be otherwise in a moment.
    var mayPass: Bool {
      [6, 18, 28, 52, 55, 56, 92].contains(status)
        || [408, 429, 500, 502, 503, 504].contains(code)
    }
  }

  private func transfer(_ address: String, to part: String, limit: Int?) throws -> Transfer {
    let showsProgress = Terminal().isLive
    // Other users see what a program is called with, but not what it reads.
    let secret = try token.map { try Program.Input("oauth2-bearer = \"\($0)\"\n") }
    defer { withExtendedLifetime(secret) {} }
    let isSafe = address.lowercased().hasPrefix("https:")
    let (status, output) = try Program.run(
      [
        "curl", showsProgress ? "--progress-bar" : "--silent", "--fail", "--location", "--globoff",
        "--proto", "=http,https,file", "--proto-redir", isSafe ? "=https" : "=http,https",
        "--connect-timeout", "\(min(patience, 30))",
        "--speed-limit", "1", "--speed-time", "\(patience)",
      ] + (secret.map { ["--config", $0.path] } ?? [])
        + (limit.map { ["--max-filesize", "\($0)"] } ?? []) + [
          "--continue-at", "-", "--output", part, "--write-out", "%{http_code} %{errormsg}",
          "--url", address,
        ], keeping: showsProgress ? .outputOnly : .output, limit: limit)
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
