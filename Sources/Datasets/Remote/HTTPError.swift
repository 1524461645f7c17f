/// Why a file cannot be had over HTTP.
struct HTTPError: Error, CustomStringConvertible {
  let address: String
  let reason: String
  /// Whether it may be otherwise in a moment.
  let mayPass: Bool
  /// Whether the server gives the whole file where a part was asked for.
  var isWithoutRanges = false

  /// One sentence.
  var description: String { "\(address): cannot be fetched (\(reason))" }
}
