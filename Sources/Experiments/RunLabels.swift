import FunMatchDatasets
import FunMatchModels

/// The labels of a run's images, and whether they mean the same as the teachers' classes.
struct RunLabels {
  /// Names of the classes of the training images; numbers where nobody named them.
  let training: [String]
  private let images: RunImages
  private let recipe: Recipe

  init(_ recipe: Recipe, _ images: RunImages) {
    self.recipe = recipe
    self.images = images
    training = images.training.classNames
  }

  private var evaluated: [(key: String, images: any Dataset)] {
    [("data.validation", images.validation), ("data.test", images.test)].compactMap { key, set in
      set.map { (key, $0) }
    }
  }

  /// How many classes there probably are where no network tells: training images may be of another
  /// kind than those that are evaluated.
  var likelyCount: Int {
    evaluated.map(\.images.classNames.count).first { $0 > 0 } ?? training.count
  }

  private func names(_ dataset: any Dataset) -> [String] {
    dataset.classNamesAreNumbers ? [] : dataset.classNames
  }

  /// Checks all that is labelled.
  ///
  /// - Returns: the names of the classes, empty where nobody knows them.
  /// - Throws: `ExperimentError` naming the key of what does not fit.
  func check(_ teachers: [LoadedTeacher], _ kind: Run.Kind) throws -> [String] {
    let named = teachers.map(\.classNames).first { !$0.isEmpty }
    let classes = teachers.first?.network.classes ?? training.count
    if kind == .supervision || recipe.labels.alpha > 0 { try checkTraining(kind) }
    for (index, teacher) in teachers.enumerated() where !teacher.classNames.isEmpty {
      guard teacher.classNames == named else {
        throw ExperimentError(
          "teachers.\(index): its classes are others than another teacher's, or in another order")
      }
    }
    // Without teachers that know, what is evaluated tells, and what is learnt from only at last.
    let others = (kind == .supervision ? [] : evaluated.map(\.images)) + [images.training]
    let learnt =
      named ?? others.map(names).first { $0.count == classes } ?? []
    for (key, dataset) in evaluated {
      try ClassNames.check(
        dataset, called: key, classes: classes, names: learnt, network: "the student")
      let own = names(dataset)
      guard kind == .distillation || own.isEmpty || learnt.isEmpty || own == learnt else {
        throw ExperimentError("\(key): its classes are others than those of data.train")
      }
    }
    if kind == .distillation, recipe.labels.alpha > 0, !trainingFits(learnt, classes: classes) {
      throw ExperimentError("labels.alpha: the labels of data.train are no classes of the teachers")
    }
    if recipe.checkpoints.best, teachers.isEmpty,
      images.validation?.classNames.isEmpty == true
    {
      throw ExperimentError("checkpoints.best: data.validation has no labels to be best on")
    }
    return learnt
  }

  /// Whether all training images have labels.
  private func checkTraining(_ kind: Run.Kind) throws {
    let key = kind == .supervision ? "training needs labels" : "labels.alpha needs labels"
    let references = recipe.data.train.references
    guard let mixed = images.training as? MixedDataset else {
      guard !training.isEmpty else { throw ExperimentError("\(key): \(references[0]) has none") }
      return
    }
    guard let first = mixed.unlabelled.first else { return }
    throw ExperimentError(
      mixed.unlabelled.count == references.count
        ? "\(key): the data sets of data.train have none, or different classes"
        : "\(key): \(references[first]) has none")
  }

  /// Whether the labels of the training images are the classes with these names.
  func trainingFits(_ learnt: [String], classes: Int) -> Bool {
    let own = names(images.training)
    guard own.isEmpty || learnt.isEmpty else { return own == learnt }
    return own.isEmpty ? training.count <= classes : training.count == classes
  }
}
