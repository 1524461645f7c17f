import FunMatchModels
import FunMatchOptimizers
import FunMatchViews

extension Recipe {
  /// Checks what can be checked without reading data or weights.
  ///
  /// - Throws: an error whose sentence names the key.
  public func validate() throws {
    func positive(_ value: Int, _ key: String, upTo limit: Int = .max) throws {
      guard (1...limit).contains(value) else {
        throw ExperimentError(
          "\(key): \(value) must be positive" + (limit < .max ? " and at most \(limit)" : ""))
      }
    }
    let largest = Preprocessing.largestSide
    try positive(batchSize, "batchSize", upTo: 1 << 20)
    try positive(student.resolution, "student.resolution", upTo: largest)
    let networks = [("student", student)] + teachers.enumerated().map { ("teachers.\($0)", $1) }
    for (key, network) in networks {
      do {
        try network.model?.validate()
      } catch {
        throw ExperimentError("\(key).model: \(error)")
      }
    }
    for (index, teacher) in teachers.enumerated() {
      try positive(teacher.resolution, "teachers.\(index).resolution", upTo: largest)
      guard teacher.weights != nil else {
        throw ExperimentError("teachers.\(index).weights: a teacher needs weights")
      }
    }
    try positive(evaluation.every, "evaluation.every")
    try positive(evaluation.batchSize, "evaluation.batchSize", upTo: 1 << 20)
    if let resize = evaluation.resize, !(student.resolution...2 * largest).contains(resize) {
      throw ExperimentError(
        "evaluation.resize: \(resize) must be at least the student's resolution "
          + "\(student.resolution) and at most \(2 * largest)")
    }
    try positive(checkpoints.every, "checkpoints.every")
    try positive(checkpoints.keep, "checkpoints.keep")
    guard schedule.warmupSteps >= 0 else {
      throw ExperimentError("schedule.warmupSteps: \(schedule.warmupSteps) must not be negative")
    }
    let adam = optimizer.adam
    for (key, value) in [
      ("learningRate", adam.learningRate), ("weightDecay", adam.weightDecay),
      ("clipNorm", adam.clipNorm), ("epsilon", adam.epsilon),
    ] where !(value >= 0 && Float(value).isFinite) {
      throw ExperimentError(
        "optimizer.adam.\(key): \(value) must not be negative, and within single precision")
    }
    guard Float(adam.epsilon) > 0 else {
      throw ExperimentError("optimizer.adam.epsilon: \(adam.epsilon) must be positive")
    }
    for (key, value) in [("beta1", adam.beta1), ("beta2", adam.beta2)]
    where !(0..<1).contains(value) {
      throw ExperimentError("optimizer.adam.\(key): \(value) must be in 0 ..< 1")
    }
    try views.validate(size: student.resolution)
    try distance.validate()
    _ = try steps(imageCount: 1)
  }

  /// Number of updates of the whole run.
  ///
  /// Epochs and images are rounded to the nearest step (big_vision `utils.py`, `steps`).
  ///
  /// - Parameter imageCount: number of training images.
  /// - Throws: `ExperimentError` unless exactly one positive length is given.
  public func steps(imageCount: Int) throws -> Int {
    let batch = Double(batchSize)
    let lengths = [
      schedule.steps.map(Double.init), schedule.images.map { Double($0) / batch },
      schedule.epochs.map { $0 * Double(imageCount) / batch },
    ].compactMap { $0 }
    guard lengths.count == 1, let length = lengths.first else {
      throw ExperimentError("schedule: exactly one of epochs, steps and images must be given")
    }
    guard length > 0, length < 1e12 else {
      throw ExperimentError("schedule: its length must be positive and below 1e12 steps")
    }
    return max(1, Int(length.rounded(.toNearestOrEven)))
  }

  /// How the student's images are prepared for evaluation.
  public var studentPreprocessing: Preprocessing {
    Preprocessing(
      resize: evaluation.resize ?? Self.usualResize(student.resolution), crop: student.resolution)
  }

  /// The paper's short side for a resolution: 160 for 128, 8/7 of it from 160 pixels on; images of
  /// a few dozen pixels are taken whole.
  public static func usualResize(_ resolution: Int) -> Int {
    resolution < 64 ? resolution : Crop.usualResize(resolution)
  }
}
