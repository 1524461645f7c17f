import FunMatchDistillation
import FunMatchOptimizers

extension Recipe {
  /// The same recipe without what may differ between students that learn side by side: those of equal
  /// ones are shown the same views and ask the same teachers.
  var common: Recipe {
    var recipe = self
    recipe.student = Student(
      weights: nil, model: nil, resolution: student.resolution, head: .keep, frozen: [], input: nil)
    recipe.distance = .kl(temperature: 1)
    recipe.labels = Labels()
    recipe.optimizer = .adam(AdamConfiguration())
    recipe.schedule = Length(
      epochs: nil, steps: 1, images: nil, warmup: .steps(0), cooldown: .steps(0), decay: .cosine)
    recipe.average = nil
    recipe.evaluation = Evaluations()
    recipe.evaluation.batchSize = evaluation.batchSize
    recipe.evaluation.trainingImages = evaluation.trainingImages
    recipe.checkpoints = Checkpoints()
    recipe.logEvery = 1
    return recipe
  }

  /// Whether teachers that are read for one recipe serve another.
  func hasTeachers(of other: Recipe) -> Bool {
    teachers == other.teachers && combine == other.combine && precision == other.precision
      && (microBatchSize ?? batchSize) == (other.microBatchSize ?? other.batchSize)
  }

  /// Whether what teachers say of whole images in one run is what they say in another.
  func isEvaluated(like other: Recipe) -> Bool {
    hasTeachers(of: other) && data.validation == other.data.validation
      && data.test == other.data.test && evaluation.batchSize == other.evaluation.batchSize
      && decoding == other.decoding && onBrokenImage == other.onBrokenImage
  }
}
