/// How predictions are written.
package enum PredictionFormat: Sendable {
  /// For people: the path of an image, below it its classes, control characters escaped.
  case text
  /// Comma-separated values, quoted where RFC 4180 wants it, below a line of headings: the image, then name and probability
  /// of each class.
  case csv
  /// A JSON object a line.
  case jsonLines
  /// One JSON document, `{"predictions": […]}`, in one line.
  case json
}
