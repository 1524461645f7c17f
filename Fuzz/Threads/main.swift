import Foundation
import FunMatchDatasets
import FunMatchImages
import FunMatchViews

// Everything of Datasets and Views that several threads share, for the thread sanitizer: `Scripts/fuzz.sh threads` builds it
// with that and without libtorch, whose threads the sanitizer does not see into.

let place = FileManager.default.temporaryDirectory.path + "/funmatch-threads-\(getpid())"
defer { try? FileManager.default.removeItem(atPath: place) }

for kind in 0..<3 {
  let folder = "\(place)/images/\(kind)"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  for number in 0..<20 {
    let (height, width) = (20 + number, 34 - number)
    let image = PixelImage(
      height: height, width: width,
      pixels: (0..<height * width * 3).map { UInt8(($0 * (kind + 3) + number) % 256) })
    let isPhoto = number % 2 == 0
    let data = Data(isPhoto ? try image.jpegData() : try image.pngData())
    let whole = number != 7 || kind != 1
    try (whole ? data : data.prefix(60)).write(
      to: URL(fileURLWithPath: "\(folder)/\(number).\(isPhoto ? "jpg" : "png")"))
  }
}
let registry = DatasetRegistry(environment: [:])
let files = try registry.open(DatasetReference("folder:\(place)/images"))
let index = try ShardPacker(
  files, source: "images", to: ShardPattern("\(place)/packed/s-%03d.tar"), perShard: 9,
  skipsBroken: true, threads: 4
).pack { _ in }.index
let datasets: [any Dataset] = [
  files,
  try registry.open(DatasetReference("tar:\(index)")),
  try registry.open(DatasetReference("tar:\(place)/packed")),
  try CachedDataset(files, mode: .bytes, threads: 4),
  try CachedDataset(files, mode: .pixels, threads: 4),
]
var views = 0
for dataset in datasets {
  for policy in [ViewPolicy.funmatch, .independentInception] {
    let options = LoaderOptions(workers: 4, broken: BrokenImages(.skip))
    let source = try BatchSource(
      dataset, policy: policy, batchSize: 8, student: 12, teachers: [16], seed: 1, steps: 20,
      options: options)
    // Two threads ask, as students side by side do; and one jumps, which throws away what was drawn ahead.
    let askers = (0..<2).map { number in
      let thread = Thread {
        for step in 0..<20 { _ = try? source.batch(step) }
        for step in [3, 17, number] { _ = try? source.batch(step) }
        _ = options.broken.takeReports()
      }
      thread.start()
      return thread
    }
    while !askers.allSatisfy(\.isFinished) { usleep(1000) }
    views += options.broken.count
    for step in 0..<20 { views += try source.batch(step).count }
  }
  let evaluation = try EvaluationSource(
    dataset, EvaluationPreprocessing(resize: 16, crop: 12), batchSize: 7,
    options: LoaderOptions(workers: 4, broken: BrokenImages(.skip)))
  for number in 0..<evaluation.count { views += try evaluation.batch(number).whole.count }
}
print("threads: \(views) views of \(datasets.count) data sets")
