import FunMatchDatasets
import FunMatchFiles
import FunMatchImages
import FunMatchRecipes
import FunMatchViews

/// The images that a head is fitted to, and those that its regularisation and its temperature are chosen on.
package struct ProbeImages {
  /// Images with their classes.
  package struct Part {
    /// The images.
    package let dataset: any Dataset
    /// The class of each.
    package let labels: [Int]
  }

  /// What the head is fitted to.
  package let training: Part
  /// What tells which head is best.
  package let validation: Part
  /// Number of classes.
  package let classes: Int
  /// Their names; empty where nobody named them.
  package let classNames: [String]
  /// What is to be said of the images.
  package let remarks: [String]

  /// - Parameters:
  ///   - dataset: images with labels.
  ///   - name: what they are called in an error.
  ///   - validation: other images with labels, and what they are called; without them a fifth of `dataset` is held out,
  ///     images of which SHA-256 of the name begins with less than a fifth of 2⁶⁴. A class of which nothing would be left
  ///     to learn from keeps all its images.
  /// - Throws: `RecipeError` where labels are missing, there is one class only, a class has fewer than two images, or the
  ///   classes are others.
  package init(
    _ dataset: any Dataset, called name: String,
    validation: (dataset: any Dataset, name: String)? = nil
  ) throws {
    let names = dataset.classNames
    let all = try Self.labels(of: dataset, called: name)
    (classes, classNames) = (names.count, dataset.classNamesAreNumbers ? [] : names)
    guard names.count > 1 else {
      throw RecipeError("\(name): has one class, '\(names.first ?? "")'; expected at least two")
    }
    try Self.check(all, names, name)
    var remarks = dataset.remarks.map { "\(name): \($0)" }
    if let validation {
      try ClassNames.check(
        validation.dataset, called: validation.name, classes: names.count, names: classNames,
        network: name)
      let (fitted, more) = ClassNames.fitted(validation.dataset, to: classNames)
      remarks += (validation.dataset.remarks + more).map { "\(validation.name): \($0)" }
      training = Part(dataset: dataset, labels: all)
      self.validation = Part(
        dataset: fitted, labels: try Self.labels(of: fitted, called: validation.name))
    } else {
      let isOut = Self.heldOut(dataset, all, classes: names.count)
      func part(_ isWanted: (Int) -> Bool) -> Part {
        let places = (0..<dataset.count).filter(isWanted)
        return Part(dataset: ChosenDataset(dataset, places), labels: places.map { all[$0] })
      }
      (training, self.validation) = (part { !isOut[$0] }, part { isOut[$0] })
      guard !self.validation.labels.isEmpty else {
        throw RecipeError(
          "\(name): of \(dataset.count) images none is held out to choose a head on; --validation names others"
        )
      }
      let present = Set(self.validation.labels)
      let missing = names.indices.filter { !present.contains($0) }.map { names[$0] }
      if !missing.isEmpty {
        remarks.append(
          "\(name): of \(missing.count) of \(names.count) classes no image is held out: \(Self.list(missing))"
        )
      }
    }
    self.remarks = remarks
  }

  /// A data set without those of its images that cannot be decoded, if broken images are skipped: classes are then counted, and
  /// images held out, among the others. Every image is decoded for that.
  ///
  /// - Parameters:
  ///   - name: what it is called in an error.
  ///   - show: told how many images were looked at.
  ///   - shouldStop: asked now and then; true ends the work.
  /// - Throws: `RecipeError` when none is left; what reading an image throws for another reason; `CancellationError` when it is stopped.
  package static func whole(
    of dataset: any Dataset, called name: String, _ loading: LoaderOptions, show: (Int) -> Void,
    shouldStop: () -> Bool
  ) throws -> any Dataset {
    guard loading.broken.rule == .skip else { return dataset }
    var places: [Int] = []
    let count = 64 * loading.workers
    for start in stride(from: 0, to: dataset.count, by: count) {
      if shouldStop() { throw CancellationError() }
      let range = start..<min(start + count, dataset.count)
      let results = Workers.map(
        count: range.count, threads: loading.workers, state: { ImageReader(loading.decoder) }
      ) { reader, number in
        Result {
          try loading.broken.tryRead(dataset, start + number, with: reader) {
            _ = try $0.part(Box(y: 0, x: 0, height: $0.height, width: $0.width))
          }
        }
      }
      places += try zip(range, results).compactMap { try $1.get() ? $0 : nil }
      show(range.upperBound)
    }
    guard !places.isEmpty || dataset.count == 0 else {
      throw RecipeError("\(name): none of its \(dataset.count) images can be decoded")
    }
    return places.count == dataset.count ? dataset : ChosenDataset(dataset, places)
  }

  private static func labels(of dataset: any Dataset, called name: String) throws -> [Int] {
    guard !dataset.classNames.isEmpty else {
      throw RecipeError(
        "\(name): has no labels, and a head is fitted to labels; expected images with classes, such as a folder a class"
      )
    }
    let labels = (0..<dataset.count).map { dataset.label(at: $0) }
    let bare = labels.count(where: { $0 == nil })
    if let first = labels.firstIndex(of: nil) {
      throw RecipeError(
        "\(name): \(bare) of \(labels.count) images have no label, such as \(dataset.name(at: first))"
      )
    }
    return labels.compactMap { $0 }
  }

  private static func check(_ labels: [Int], _ names: [String], _ name: String) throws {
    var counts = [Int](repeating: 0, count: names.count)
    for label in labels { counts[label] += 1 }
    let few = names.indices.filter { counts[$0] < 2 }
    guard !few.isEmpty else { return }
    throw RecipeError(
      "\(name): \(few.count == 1 ? "a class has" : "\(few.count) classes have") fewer than two images: "
        + list(few.map { "'\(names[$0])' \(counts[$0])" })
        + "; expected at least two of every class")
  }

  private static func heldOut(
    _ dataset: any Dataset, _ labels: [Int], classes: Int
  ) -> [Bool] {
    var isOut = (0..<dataset.count).map { index in
      let name = Array(dataset.localName(at: index).utf8)
      return name.withUnsafeBytes { Checksum.start(of: $0) } < UInt64.max / 5
    }
    var isLearnt = [Bool](repeating: false, count: classes)
    for (label, out) in zip(labels, isOut) where !out { isLearnt[label] = true }
    for index in isOut.indices where !isLearnt[labels[index]] { isOut[index] = false }
    return isOut
  }

  private static func list(_ words: [String]) -> String {
    words.prefix(5).joined(separator: ", ") + (words.count > 5 ? ", ..." : "")
  }
}
