import FunMatchImages
import FunMatchModels
import FunMatchViews

extension Recipe {
  /// Checks what can be checked without reading data or weights.
  ///
  /// - Throws: an error whose sentence names the key.
  public func validate() throws {
    let largest = EvaluationPreprocessing.largestSide
    func check(_ value: Int, _ key: String, upTo limit: Int) throws {
      guard (1...limit).contains(value) else {
        throw ExperimentError("\(key): \(value) must be positive and at most \(limit)")
      }
    }
    try check(batchSize, "batchSize", upTo: 1 << 20)
    if let microBatchSize { try check(microBatchSize, "microBatchSize", upTo: 1 << 20) }
    try check(logEvery, "logEvery", upTo: 1 << 30)
    try check(student.resolution, "student.resolution", upTo: largest)
    do {
      try student.model?.validate()
    } catch {
      throw ExperimentError("student.model: \(error)")
    }
    if student.head == .reset, student.weights == nil {
      throw ExperimentError("student.head: only a head that comes with 'weights' can be reset")
    }
    for (index, teacher) in teachers.enumerated() {
      try teacher.validate("teachers.\(index)")
    }
    if let average, !(average > 0 && average < 1) {
      throw ExperimentError("average: \(average) must be between 0 and 1, such as 0.9999")
    }
    try evaluation.validate(resolution: student.resolution)
    try checkpoints.validate()
    if checkpoints.best, data.validation == nil {
      throw ExperimentError("checkpoints.best: needs images under data.validation")
    }
    try schedule.validate()
    try optimizer.validate()
    try labels.validate()
    try views.validate(size: student.resolution)
    try bank?.validate(self)
    try distance.validate()
    _ = try steps(imageCount: 1)
  }

  /// How the student's images are prepared for evaluation.
  public var studentPreprocessing: EvaluationPreprocessing {
    EvaluationPreprocessing(
      resize: evaluation.resize ?? Self.usualResize(student.resolution), crop: student.resolution)
  }

  /// The paper's short side for a resolution: 160 for 128, 8/7 of it from 160 pixels on; images of
  /// a few dozen pixels are taken whole.
  public static func usualResize(_ resolution: Int) -> Int {
    resolution < 64 ? resolution : Crop.usualResize(resolution)
  }
}
