/// Why a file cannot be had over HTTP.
struct HTTPError: Error, CustomStringConvertible {
  let address: String
  let reason: String
  /// Whether it may be otherwise in a moment.
  let mayPass: Bool
  /// Whether the server gives the whole file where a part was asked for.
  var isWithoutRanges = false
  /// What HTTP calls the answer, such as 404; 0 where none came.
  var status = 0

  /// One sentence.
  var description: String { "\(WebAddress.printable(address)): cannot be fetched (\(reason))" }
}
