import FunMatchDatasets
import FunMatchFiles
import FunMatchImages
import FunMatchRecipes

/// What training images tell a first recipe.
struct FirstImages {
  /// How many there are.
  let count: Int
  /// The median of their shorter sides, in pixels; `nil` where they are not here.
  private let side: Int?

  private static let looked = 64
  /// Side in pixels of the smallest crop that still shows something.
  private static let leastCrop = 18
  private static let paperCrop = 0.05

  /// - Throws: an error when there are none; where `options` tries a recipe out, published ones need not be here.
  init(_ reference: DatasetReference, _ options: RunOptions) throws {
    let train = TrainingImages(reference)
    do {
      count = try train.count(in: options.datasets, inventsMissing: options.dryRunSteps != nil)
    } catch let error as DatasetError {
      throw RecipeError("--data: \(error)")
    }
    guard count > 0 else { throw RecipeError("--data: \(reference) has no images") }
    guard let images = try? options.datasets.open(reference) else {
      side = nil
      return
    }
    let some = SpreadDataset(images, count: Self.looked)
    let reader = ImageReader()
    // A broken one is told of by who needs it.
    let sides = (0..<some.count).compactMap { index in
      try? some.read(index, with: reader) { min($0.height, $0.width) }
    }.sorted()
    side = sides.isEmpty ? nil : sides[sides.count / 2]
  }

  /// The least area of a crop, as a share of the image: the paper's, unless images are too small for it.
  var smallestCrop: Double {
    guard let side else { return Self.paperCrop }
    let share = Double(Self.leastCrop * Self.leastCrop) / Double(max(1, side * side))
    return min(0.5, max(Self.paperCrop, (100 * share).rounded() / 100))
  }

  /// The same in words.
  var cropWords: String {
    guard let side, smallestCrop > Self.paperCrop else {
      return "The paper's: crops of 5 to 100 % of the image."
    }
    return
      "The shorter side of these images is \(side) pixels (median), of which the paper's 5 % show nothing: crops of "
      + "\(Self.leastCrop) x \(Self.leastCrop) pixels or more."
  }
}
