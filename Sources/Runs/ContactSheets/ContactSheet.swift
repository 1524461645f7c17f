import FunMatchDatasets
import FunMatchDistillation
import FunMatchFiles
import FunMatchImages
import FunMatchRecipes
import FunMatchTorch
import FunMatchViews

/// Pictures of what each network sees under a recipe: a row an image, with the original and the
/// boxes of the views, then what the teachers and the student are given, before and after mixup.
///
/// Everything is drawn by the code that a run uses: views by `BatchSource`, mixtures by `Batch`.
public struct ContactSheet {
  private static let tile = 232
  private static let gap = 10
  private static let rowsPerPage = 8
  private static let studentColour = Canvas.Colour(220, 30, 30)
  private static let teacherColour = Canvas.Colour(30, 90, 230)

  private let recipe: SharedRecipe
  private let dataset: any Dataset
  private let mixture: Mixture?
  private let loading: LoaderOptions

  /// - Parameter datasets: where data sets are looked for.
  /// - Throws: an error when the training images cannot be opened.
  public init(_ recipe: SharedRecipe, _ datasets: DatasetRegistry, workers: Int) throws {
    self.recipe = recipe
    (dataset, mixture) = try recipe.train.open { try datasets.open($0) }
    loading = LoaderOptions(
      workers: workers, decoder: recipe.decoding.decoder,
      broken: BrokenImages(recipe.onBrokenImage))
  }

  /// Draws the first `count` images of `epoch`, or all if there are fewer, some rows a page.
  ///
  /// - Throws: what reading images throws.
  public func pages(epoch: Int, count: Int) throws -> [PixelImage] {
    // Views depend on the visit alone, so each can be drawn by itself.
    let source = try BatchSource(
      dataset, policy: recipe.views, batchSize: 1, student: recipe.resolution,
      teachers: recipe.teachers.map(\.resolution), seed: recipe.seed, mixture: mixture,
      options: loading)
    var order = MixedOrder(
      count: dataset.count, seed: recipe.seed, shards: dataset.shards, mixture: mixture)
    let rows = try (0..<min(count, dataset.count)).map { place in
      let number = epoch * dataset.count + place
      return try row(order.visit(number), number, source)
    }
    return stride(from: 0, to: rows.count, by: Self.rowsPerPage).map { start in
      let step = epoch * dataset.count / recipe.batchSize + 1
      let title = "epoch \(epoch), step \(step), \(recipe.views.name), seed \(recipe.seed)"
      return page(title, Array(rows[start..<min(start + Self.rowsPerPage, rows.count)]))
    }
  }

  private struct Cell {
    let caption: String
    let colour: Canvas.Colour
    let picture: PixelImage
  }

  /// The cells of the `number`-th visit since the start.
  private func row(
    _ visit: SampleOrder.Visit, _ number: Int, _ source: BatchSource
  ) throws -> [Cell] {
    // Mixup mixes an image with the one before it in its batch, and the first with the last.
    let step = number / recipe.batchSize
    let before = (number % recipe.batchSize + recipe.batchSize - 1) % recipe.batchSize
    let lambda = Mixup(recipe.views.mixup, seed: recipe.seed).lambda(step: step)
    let partner = try source.batch(step * recipe.batchSize + before)
    let own = try source.batch(number)
    let pair = ImageBatch(
      student: Self.joined(partner.student, own.student),
      teacher: Self.joined(partner.teacher, own.teacher), indices: partner.indices + own.indices,
      labels: partner.labels + own.labels)
    let plain = Batch(pair, lambda: 1, device: .cpu)
    let mixed = Batch(pair, lambda: lambda, device: .cpu)
    let index = own.indices[0]
    let place = 1
    var cells = [try original(visit, index: index)]
    let share = " mix " + NumberText.fixed(lambda, 2).dropFirst()
    for (batch, note) in [(plain, ""), (mixed, share)] where note.isEmpty || lambda < 1 {
      if recipe.views.teacher.isFixed {
        // Fixed teachers see no mixtures: their logits are mixed instead.
        if note.isEmpty { cells += try fixedViews(index) }
      } else {
        for size in Set(recipe.teachers.map(\.resolution)).sorted() {
          guard let images = batch.teacher[size] else { continue }
          cells.append(
            Cell(
              caption: "teacher \(size)\(note)", colour: Self.teacherColour,
              picture: Self.picture(images, place)))
        }
      }
      if let images = batch.student[recipe.resolution] {
        cells.append(
          Cell(
            caption: "student \(recipe.resolution)\(note)", colour: Self.studentColour,
            picture: Self.picture(images, place)))
      }
    }
    return cells
  }

  private static func joined(_ first: [Int: Pixels], _ second: [Int: Pixels]) -> [Int: Pixels] {
    first.merging(second) { Pixels($0.array + $1.array, count: 2, size: $0.size) }
  }

  /// The whole image with the boxes of the views.
  private func original(_ visit: SampleOrder.Visit, index: Int) throws -> Cell {
    let image = try dataset.image(at: index, decoder: loading.decoder)
    let views = recipe.views
    let student = views.view(
      height: image.height, width: image.width, size: recipe.resolution,
      seed: recipe.seed, epoch: visit.epoch, index: visit.index)
    var teachers = [
      views.teacherView(
        height: image.height, width: image.width, size: recipe.resolution,
        seed: recipe.seed, epoch: visit.epoch, index: visit.index)
    ].compactMap { $0 }
    if !recipe.teachers.isEmpty {
      // A thousand boxes would hide the image.
      teachers += (0..<min(views.teacher.fixedViews, 12)).map { number in
        views.fixedView(
          height: image.height, width: image.width, size: recipe.resolution,
          seed: recipe.seed, index: index, number: number)
      }
    }
    let scale = Double(Self.tile) / Double(max(image.height, image.width))
    func scaled(_ length: Int) -> Int { Int((Double(length) * scale).rounded()) }
    let small = image.resizeArea(
      height: max(scaled(image.height), 1), width: max(scaled(image.width), 1))
    var canvas = Canvas(height: small.height, width: small.width)
    canvas.draw(small, y: 0, x: 0)
    let seen = teachers.map { ($0, Self.teacherColour) } + [(student, Self.studentColour)]
    for (view, colour) in seen {
      let box = view.box(in: image.bounds)
      let top = scaled(box.y)
      let left = scaled(box.x)
      canvas.frame(
        Box(
          y: top, x: left, height: max(scaled(box.y + box.height) - top, 1),
          width: max(scaled(box.x + box.width) - left, 1)), colour)
    }
    return Cell(
      caption: "#\(index) \(image.width)x\(image.height)", colour: .black, picture: canvas.image)
  }

  private func fixedViews(_ index: Int) throws -> [Cell] {
    let image = try dataset.image(at: index, decoder: loading.decoder)
    return Set(recipe.teachers.map(\.resolution)).sorted().map { size in
      let view = recipe.views.fixedView(
        height: image.height, width: image.width, size: recipe.resolution,
        seed: recipe.seed, index: index, number: 0)
      let count = recipe.views.teacher.fixedViews
      return Cell(
        caption: "teacher \(size)" + (count > 1 ? " 1/\(count)" : ""), colour: Self.teacherColour,
        picture: view.picture(of: image, size: size))
    }
  }

  /// An image of a batch as the network is given it, back in levels of 0 ... 255.
  private static func picture(_ images: Tensor, _ place: Int) -> PixelImage {
    let one = images.narrowed(0, place..<place + 1).permuted([0, 2, 3, 1]).contiguous
    let pixels = one.array(as: Float.self).map { UInt8((($0 + 1) * 127.5).rounded()) }
    return PixelImage(height: images.shape[2], width: images.shape[3], pixels: pixels)
  }

  private func page(_ title: String, _ rows: [[Cell]]) -> PixelImage {
    let caption = Canvas.captionHeight + 4
    let (tile, gap) = (Self.tile, Self.gap)
    let columns = rows.map(\.count).max() ?? 1
    var canvas = Canvas(
      height: 2 * gap + caption + rows.count * (tile + caption + gap),
      width: gap + columns * (tile + gap))
    canvas.write(title, y: gap, x: gap, width: columns * (tile + gap))
    for (number, row) in rows.enumerated() {
      let y = 2 * gap + caption + number * (tile + caption + gap)
      for (column, cell) in row.enumerated() {
        let x = gap + column * (tile + gap)
        canvas.write(cell.caption, y: y, x: x, width: tile, cell.colour)
        let isSquare = cell.picture.height == cell.picture.width
        let picture =
          isSquare
          ? cell.picture.resizeBilinear(box: cell.picture.bounds, height: tile, width: tile)
          : cell.picture
        canvas.draw(picture, y: y + caption, x: x)
      }
    }
    return canvas.image
  }
}
