import Foundation
import FunMatchDatasets
import FunMatchImages

/// Images, and which of them were opened.
final class ReadCounter: Dataset, @unchecked Sendable {
  private let images: any Dataset
  private let lock = NSLock()
  private var seen: Set<Int> = []

  init(_ images: any Dataset) { self.images = images }

  var opened: Set<Int> { lock.withLock { seen } }

  var count: Int { images.count }
  var classNames: [String] { images.classNames }
  func label(at index: Int) -> Int? { images.label(at: index) }
  func name(at index: Int) -> String { images.name(at: index) }

  func open(_ index: Int, with reader: ImageReader) throws {
    lock.withLock { _ = seen.insert(index) }
    try images.open(index, with: reader)
  }
}
