import FunMatchDatasets
import FunMatchTestSupport
import Testing

struct CIFARTests {
  /// A record whose pixels tell their colour and place.
  private func record(_ labels: [UInt8], _ first: UInt8) -> [UInt8] {
    labels
      + (0..<3).flatMap { colour in (0..<1024).map { first &+ UInt8(colour * 50 + $0 % 50) } }
  }

  @Test func tenClassesInFiveBatches() throws {
    let layout = try Layout()
    let root = "cifar10/cifar-10-batches-bin"
    for batch in 1...5 {
      let records = (0..<2).flatMap { record([UInt8(batch % 2)], UInt8(batch * 10 + $0)) }
      try layout.write("\(root)/data_batch_\(batch).bin", records)
    }
    try layout.write("\(root)/test_batch.bin", record([2], 0))
    try layout.write("\(root)/batches.meta.txt", "airplane\nautomobile\nbird\n\n")
    let train = try layout.open("cifar10:train")
    #expect(train.count == 10)
    #expect(train.classNames == ["airplane", "automobile", "bird"])
    #expect(train.labels == [1, 1, 0, 0, 1, 1, 0, 0, 1, 1])
    #expect(train.name(at: 5) == "\(layout.path)/\(root)/data_batch_3.bin#1")
    #expect(train.encodedSize(at: 0) == nil)
    let image = try train.image(at: 5)
    #expect(image.height == 32 && image.width == 32)
    #expect(Array(image.pixels[..<6]) == [31, 81, 131, 32, 82, 132])
    #expect(Array(image.pixels[(60 * 3)..<(61 * 3)]) == [41, 91, 141])
    #expect(try layout.open("cifar10:test").labels == [2])

    try layout.write("\(root)/test_batch.bin", record([3], 0))
    layout.expectError("cifar10:test", "test_batch.bin", "label 3", "3 classes")
    try layout.write("\(root)/test_batch.bin", record([3], 0) + [0])
    layout.expectError("cifar10:test", "test_batch.bin", "3074", "3073")
    try layout.remove("\(root)/data_batch_4.bin")
    layout.expectError("cifar10:train", "data_batch_4.bin is missing")
    layout.expectError("cifar10:validation", "train and test")
  }

  @Test func aHundredClassesByTheirFineLabels() throws {
    let layout = try Layout()
    try layout.write("cifar-100-binary/train.bin", record([9, 1], 0) + record([9, 0], 5))
    try layout.write("cifar-100-binary/fine_label_names.txt", "apple\naquarium_fish\n")
    let train = try layout.open("cifar100")
    #expect(train.labels == [1, 0])
    #expect(train.classNames == ["apple", "aquarium_fish"])
    #expect(try Array(train.image(at: 1).pixels[..<3]) == [5, 55, 105])
    layout.expectError("cifar100:test", "test.bin is missing", "fine_label_names.txt")
  }
}
