import Foundation
import FunMatchFiles
import FunMatchImages

/// Decodes every image of a data set and tells which cannot be.
public struct DatasetVerifier {
  private let dataset: any Dataset
  private let decoder: ImageDecoder
  private let threads: Int

  /// Will decode with so many threads.
  public init(_ dataset: any Dataset, decoder: ImageDecoder = ImageDecoder(), threads: Int) {
    self.dataset = dataset
    self.decoder = decoder
    self.threads = max(threads, 1)
  }

  /// The errors of all broken images, in the data set's order.
  ///
  /// - Parameter progress: told now and then how many images have been decoded.
  public func brokenImages(progress: @escaping @Sendable (Int) -> Void = { _ in }) -> [ImageError] {
    let found = Found()
    let (dataset, decoder, threads) = (dataset, decoder, threads)
    Workers.run(
      count: dataset.count, threads: threads, state: { ImageReader(decoder) },
      work: { reader, index in
        var broken: ImageError?
        do {
          try dataset.read(index, with: reader) { image in
            _ = try image.part(Box(y: 0, x: 0, height: image.height, width: image.width))
          }
        } catch let error as ImageError {
          broken = error
        } catch {
          broken = ImageError(
            kind: .unreadable, file: dataset.name(at: index), reason: "\(error)")
        }
        found.add(broken, at: index, progress)
      })
    return found.errors
  }

  private final class Found: @unchecked Sendable {
    private let lock = NSLock()
    private var done = 0
    private var broken: [Int: ImageError] = [:]

    var errors: [ImageError] { broken.sorted { $0.key < $1.key }.map(\.value) }

    func add(_ error: ImageError?, at index: Int, _ progress: (Int) -> Void) {
      lock.withLock {
        done += 1
        broken[index] = error
        if done.isMultiple(of: 10_000) { progress(done) }
      }
    }
  }
}
