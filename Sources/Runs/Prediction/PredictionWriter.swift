import Foundation
import FunMatchFiles

/// Writes predictions one after another, so that none has to be kept.
package final class PredictionWriter {
  private let format: PredictionFormat
  private let stream: ResultStream
  private var isFirst = true

  /// Writes the beginning.
  ///
  /// - Parameter choices: how many classes every prediction has.
  /// - Throws: `FileError` when it cannot be written.
  package init(_ format: PredictionFormat, choices: Int, to stream: ResultStream) throws {
    (self.format, self.stream) = (format, stream)
    switch format {
    case .csv:
      let columns = (1...max(1, choices)).flatMap { ["class\($0)", "probability\($0)"] }
      try stream.write(Self.row(["image"] + columns))
    case .json: try stream.write("{\"predictions\":[")
    case .text, .jsonLines: break
    }
  }

  /// Writes predictions; they have left this process when it returns.
  ///
  /// - Throws: `FileError` when they cannot be written.
  package func write(_ predictions: [Prediction]) throws {
    for prediction in predictions {
      try stream.write(text(prediction))
      isFirst = false
    }
    try stream.flush()
  }

  /// Writes the end.
  ///
  /// - Throws: `FileError` when it cannot be written.
  package func end() throws {
    if case .json = format { try stream.write("]}\n") }
    try stream.flush()
  }

  private func text(_ prediction: Prediction) throws -> String {
    switch format {
    case .text:
      prediction.top.reduce(into: prediction.image.printable + "\n") { text, choice in
        text += "  \(NumberText.fixed(choice.probability, 4))  \(choice.name.printable)\n"
      }
    case .csv:
      // Probabilities are computed in single precision.
      Self.row(
        [prediction.image] + prediction.top.flatMap { [$0.name, "\(Float($0.probability))"] })
    case .jsonLines: try JSONText.line(prediction) + "\n"
    case .json: try (isFirst ? "" : ",") + JSONText.line(prediction)
    }
  }

  private static func row(_ cells: [String]) -> String {
    cells.map { cell in
      let isPlain = !cell.unicodeScalars.contains { ["\"", ",", "\n", "\r"].contains($0) }
      return isPlain ? cell : "\"" + cell.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }.joined(separator: ",") + "\n"
  }
}
