import Foundation
import FunMatchDatasets
import FunMatchTestSupport
import Testing

/// Addresses that are safe, and what of addresses is shown.
struct HTTPSTests {
  private static let openssl: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "")
    .split(separator: ":").map { $0 + "/openssl" }
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  private static func certificate(_ folder: TemporaryFolder) throws -> (String, String) {
    let (certificate, key) = (folder.file("certificate.pem"), folder.file("key.pem"))
    let made = try Python.run(
      #require(openssl),
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
      ])
    try #require(made.status == 0, "\(String(decoding: made.errors, as: UTF8.self))")
    return (certificate, key)
  }

  @Test(.enabled(if: openssl != nil, "needs the program openssl"))
  func nothingLeadsFromHTTPSToHTTP() async throws {
    let folder = try TemporaryFolder()
    let (certificate, key) = try Self.certificate(folder)
    let plain = try FileServer()
    try plain.serve([1, 2, 3], as: "a.bin")
    let safe = try FileServer(
      options: ["--tls", certificate, key, "--lead-to", plain.address])
    try safe.serve([1, 2, 3], as: "b.bin")
    await #expect(processExitsWith: .success) {
      [
        certificate = certificate as String, folder = folder.path as String,
        address = safe.address as String
      ] in
      setenv("CURL_CA_BUNDLE", certificate, 1)
      let fetcher = DatasetFetcher(folder: folder, patience: 100)
      // So that it is not the certificate that is refused.
      try fetcher.fetch(DatasetSource.File(address + "/b.bin", size: 3))
      let file = DatasetSource.File(address + "/resolve/a.bin", size: 3)
      let error = message { try fetcher.fetch(file) } ?? ""
      precondition(error.contains("cannot fetch \(address)/resolve/a.bin: "), error)
      precondition(error.contains("http"), error)
    }
    #expect(safe.requests == ["/b.bin -", "/resolve/a.bin -"])
    #expect(plain.requests.isEmpty)
    #expect(try !folder.contents.contains("a.bin"))
  }

  @Test func aSignatureIsNotPrinted() throws {
    let server = try FileServer()
    let folder = try TemporaryFolder()
    let host = server.address.dropFirst(7)
    let cache = RemoteCache(folder: folder.file("kept"), client: HTTPClient(patience: 5))
    var lines: [String] = []
    let fetcher = DatasetFetcher(folder: folder.path) { lines.append($0) }
    for error in [
      message { _ = try cache.fetch("http://me:secret@\(host)/x.tar?signature=secret") },
      message { _ = try PackedDataset.open("\(server.address)/x.json?signature=secret") },
      message { try fetcher.fetch(DatasetSource.File("http://me:secret@\(host)/a.bin?x=secret")) },
    ] {
      let error = try #require(error)
      #expect(error.contains(server.address + "/") && error.contains("404"), "\(error)")
      #expect(!error.contains("secret"), "\(error)")
    }
    #expect(lines.count == 1 && !lines[0].contains("secret"), "\(lines)")
  }
}
