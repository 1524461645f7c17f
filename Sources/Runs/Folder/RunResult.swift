import Foundation
import FunMatchFiles

/// How a run ended and what it cost, in `result.json` of its folder, for programs and reports.
///
/// The figures of its evaluations on the way are in `metrics.jsonl`.
public struct RunResult: Codable, Sendable, Equatable {
  /// The work of a network on one image.
  public struct Cost: Codable, Sendable, Equatable {
    /// Number of trainable values; of several networks, of all; `nil` where one does not tell.
    public let parameters: Int?
    /// Multiply-accumulates of a forward pass at the size that it is trained or teaches at; of several
    /// networks, of all; `nil` where one does not tell.
    public let macs: Int?
  }

  /// What the student learnt from: `distillation` or `supervision`.
  public let kind: String
  /// What it learnt from: the kind, how many images, and the SHA-256 of every file of weights that it
  /// started from; `nil` where nobody told.
  public let origin: [String]?
  /// Updates made.
  public let steps: Int
  /// Views that the student was shown.
  public let images: Int
  /// The student.
  public let student: Cost
  /// Its teachers as one; `nil` where there are none.
  public let teacher: Cost?
  /// The figures on the test images; `nil` where the recipe names none.
  public let test: Comparison?

  /// What an earlier run wrote; `nil` where there is none or it is damaged.
  public init?(path: String) {
    guard let read = JSONText.read(path, as: RunResult.self) else { return nil }
    self = read
  }

  /// What a run knows at its end.
  init(
    kind: String, origin: [String], steps: Int, images: Int, student: Cost, teacher: Cost?,
    test: Comparison?
  ) {
    self.kind = kind
    self.origin = origin
    self.steps = steps
    self.images = images
    self.student = student
    self.teacher = teacher
    self.test = test
  }
}
