import FunMatchDatasets
import FunMatchDistillation
import FunMatchRecipes

/// The labels of a run's images, and whether they mean the same as the teachers' classes.
struct ClassCheck {
  /// Names of the classes of the training images; numbers where nobody named them.
  let training: [String]
  private let datasets: RunDatasets
  private let recipe: SharedRecipe

  init(_ recipe: SharedRecipe, _ datasets: RunDatasets) {
    (self.recipe, self.datasets) = (recipe, datasets)
    training = datasets.training.classNames
  }

  private var evaluated: [(key: String, images: any Dataset)] {
    [("data.validation", datasets.validation), ("data.test", datasets.test)].compactMap {
      key, set in set.map { (key, $0) }
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

  /// Checks what all students share: teachers against each other, and evaluated images against them.
  ///
  /// - Returns: the names of the classes, empty where nobody knows them.
  /// - Throws: `RecipeError` naming the key of what does not fit.
  func check(_ teachers: [Teacher], _ kind: TrainingKind) throws -> [String] {
    let known = teachers.map { ClassNames.isMadeUp($0.classNames) ? [] : $0.classNames }
    let named = known.first { !$0.isEmpty }
    let classes = teachers.first?.classes ?? training.count
    if kind == .supervision { try checkLabels(needing: "training needs labels") }
    for (index, names) in known.enumerated() where !names.isEmpty {
      guard let named, names != named else { continue }
      throw RecipeError(
        ClassNames.difference(names, of: "teachers.\(index)", named, of: "another teacher")
          ?? "teachers.\(index): its classes come in another order than another teacher's, and so do its logits"
      )
    }
    // Without teachers that know, what is evaluated tells, and what is learnt from only at last.
    let others = (kind == .supervision ? [] : evaluated.map(\.images)) + [datasets.training]
    let learnt = named ?? others.map(names).first { $0.count == classes } ?? []
    for (key, dataset) in evaluated {
      try ClassNames.check(
        dataset, called: key, classes: classes, names: learnt, network: "the student")
    }
    return learnt
  }

  /// Checks what one student wants of labels.
  ///
  /// - Parameters:
  ///   - learnt: the names of the classes.
  ///   - classes: their number.
  /// - Throws: `RecipeError` naming the key of what does not fit.
  func check(
    _ student: StudentRecipe, _ kind: TrainingKind, learnt: [String], classes: Int
  ) throws {
    if kind == .distillation, student.labels.alpha > 0 {
      try checkLabels(needing: "labels.alpha needs labels")
      guard trainingFits(learnt, classes: classes) else {
        let difference = ClassNames.difference(
          names(datasets.training), of: "data.train", learnt, of: "the teachers")
        throw RecipeError(
          "labels.alpha: \(difference ?? "the labels of data.train are no classes of the teachers")"
        )
      }
    }
    if student.checkpoints.best, kind == .supervision,
      datasets.validation?.classNames.isEmpty == true
    {
      throw RecipeError("checkpoints.best: data.validation has no labels to be best on")
    }
  }

  /// Whether all training images have labels.
  private func checkLabels(needing key: String) throws {
    let references = recipe.train.references
    guard let mixed = datasets.training as? MixedDataset else {
      guard !training.isEmpty else { throw RecipeError("\(key): \(references[0]) has none") }
      return
    }
    guard let first = mixed.unlabelled.first else { return }
    throw RecipeError(
      mixed.unlabelled.count == references.count
        ? "\(key): the data sets of data.train have none, or different classes"
        : "\(key): \(references[first]) has none")
  }

  /// Whether the labels of the training images are the classes with these names.
  func trainingFits(_ learnt: [String], classes: Int) -> Bool {
    let own = names(datasets.training)
    guard own.isEmpty || learnt.isEmpty else {
      return own == learnt || RelabelledDataset(datasets.training, as: learnt) != nil
    }
    return own.isEmpty ? training.count <= classes : training.count == classes
  }
}
